import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError } from '../errors.ts';
import { DEFAULT_BRANCH } from '../git/repository.ts';

/** The one pipeline of the project. */
const PIPELINE = { id: 1, name: 'sensor-predictions', folder: '\\', revision: 1 };
/** How long a run takes by the stand-in's clock. Nothing is executed. */
const RUN_MS = 5000;
const RUNS = 'pipeline-runs';

const runOrderSchema = z.object({
  resources: z.record(z.string(), z.unknown()).default({ repositories: { self: { refName: DEFAULT_BRANCH } } }),
  templateParameters: z.record(z.string(), z.unknown()).default({}),
  variables: z.record(z.string(), z.unknown()).default({}),
});

interface Run extends z.infer<typeof runOrderSchema> {
  id: number;
  createdDate: string;
  /** What `state: completed` comes with. */
  result: 'succeeded' | 'failed' | 'canceled';
}

const RESULT_OF_FAULT = { Failed: 'failed', Canceled: 'canceled' } as const;

/** Pipelines and their runs; two equal posts are two runs. */
export async function pipelineRoutes(
  app: FastifyInstance,
  { store, clock, addresses }: { store: Store; clock: Clock; addresses: Addresses },
): Promise<void> {
  type Params = { pipelineId: string; runId: string };
  const pipeline = () => ({ ...PIPELINE, url: addresses.api(`pipelines/${PIPELINE.id}?revision=${PIPELINE.revision}`) });
  const present = ({ id, createdDate, result, ...order }: Run) => {
    const finishedMs = Date.parse(createdDate) + RUN_MS;
    const outcome = clock.nowMs() < finishedMs
      ? { state: 'inProgress' }
      : { state: 'completed', result, finishedDate: new Date(finishedMs).toISOString() };
    const url = addresses.api(`pipelines/${PIPELINE.id}/runs/${id}`);
    return { _links: { self: { href: url } }, ...order, pipeline: pipeline(), createdDate, ...outcome, url, id, name: String(id) };
  };

  app.addHook<{ Params: Partial<Params> }>('preHandler', async ({ params: { pipelineId } }) => {
    if (pipelineId === undefined || pipelineId === String(PIPELINE.id)) return;
    throw devOpsError(404, 'PipelineDoesNotExistException', `The pipeline ${pipelineId} does not exist.`);
  });

  app.get('/', async () => collection([pipeline()]));
  app.get('/:pipelineId', async () => pipeline());
  app.get('/:pipelineId/runs', async () => collection(store.list<Run>(RUNS).reverse().map(present)));

  app.get<{ Params: Params }>('/:pipelineId/runs/:runId', async ({ params: { runId } }) => {
    const run = store.get<Run>(RUNS, runId);
    if (!run) throw devOpsError(404, 'RunNotFoundException', `The run ${runId} does not exist.`);
    return present(run);
  });

  app.post('/:pipelineId/runs', async (request) => {
    const order = runOrderSchema.parse(request.body ?? {});
    const result = request.operationFault ? RESULT_OF_FAULT[request.operationFault] : 'succeeded';
    const run: Run = { id: store.next(RUNS), createdDate: clock.iso(), result, ...order };
    store.put(RUNS, String(run.id), run);
    request.markChanged();
    return present(run);
  });
}
