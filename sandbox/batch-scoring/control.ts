import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuseByField } from '../control/refusal.ts';
import { VendorError } from '../core/context.ts';
import type { SandboxContext } from '../core/context.ts';
import { machineLearningId, PROD_WORKSPACE } from '../core/tenancy.ts';
import { deploymentName, endpointName } from '../seed/estate.ts';
import { ScoringConditions, scoringConditionSchema } from './scoring-conditions.ts';
import { submitScoring } from './submission.ts';

const jobOrder = z.strictObject({
  plant: z.string().min(1),
  circuit: z.string().min(1),
  workspace: z.string().min(1).default(PROD_WORKSPACE),
  dataUri: z.string().min(1).default('azureml://datastores/workspaceblobstore/paths/data/weather.csv'),
  outputUri: z.string().min(1).optional(),
});

/** The stand-in's own API for batch scoring: what ails it, and the jobs that a schedule of the team starts. */
export async function batchScoringControl(app: FastifyInstance, context: SandboxContext): Promise<void> {
  refuseByField(app);
  const conditions = new ScoringConditions(context.store);

  app.post('/_sandbox/scoring-conditions', async (request, reply) => reply.code(201).send(conditions.add(scoringConditionSchema.parse(request.body))));
  app.delete('/_sandbox/scoring-conditions', async (_request, reply) => {
    conditions.clear();
    return reply.code(204).send();
  });

  app.post('/_sandbox/batch-jobs', async (request, reply) => {
    const { plant, circuit, workspace, dataUri, outputUri } = jobOrder.parse(request.body);
    const endpoint = context.resources.get(machineLearningId(`workspaces/${workspace}/batchEndpoints/${endpointName(plant)}`));
    if (!endpoint) throw new VendorError(404, { error: `plant: ${workspace} has no endpoint of ${plant}` });
    const invocation = { input: { name: 'readings', uri: dataUri }, outputUri: outputUri ?? null, properties: { experimentName: `scheduled-${plant}-${circuit}` } };
    const { name } = submitScoring(context, { workspace, endpoint, deployment: deploymentName({ name: circuit }), invocation, fault: null });
    return reply.code(201).send({ jobName: name });
  });
}
