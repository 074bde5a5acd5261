/** Circuits beyond those of the first start, for an estate as large as real ones: what an older circuit serves is served by them as well, as if it had been released long ago. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuseByField } from '../control/refusal.ts';
import { VendorError } from '../core/context.ts';
import type { SandboxContext } from '../core/context.ts';
import { machineLearningId } from '../core/tenancy.ts';
import { CIRCUITS } from './estate.ts';
import type { Circuit } from './estate.ts';
import { deploy } from './first-models.ts';
import { seedEndpoint, SERVING_WORKSPACES, WORKSPACES } from './workspaces.ts';

const name = z.string().regex(/^[A-Za-z0-9-]{1,32}$/, 'letters, digits and hyphens');
const circuitsOrder = z.strictObject({ circuits: z.array(z.strictObject({ plant: name, circuit: name })).min(1).max(1000), like: z.strictObject({ plant: name, circuit: name }) });
const nodesOrder = z.strictObject({ workspace: z.enum(WORKSPACES as [string, ...string[]]), maxNodeCount: z.number().int().min(1).max(100) });

/** The stand-in's own API for the size of the estate, past the API and the ledger. */
export async function moreCircuitsControl(app: FastifyInstance, context: SandboxContext): Promise<void> {
  refuseByField(app);

  app.post('/_sandbox/circuits', async (request, reply) => {
    const { circuits, like } = circuitsOrder.parse(request.body);
    const model = CIRCUITS.find(({ plant, name: circuit }) => plant === like.plant && circuit === like.circuit);
    if (!model) throw new VendorError(404, { error: `like: there is no circuit ${like.plant}/${like.circuit}` });
    for (const { plant, circuit } of circuits) addCircuit(context, { ...model, plant, name: circuit }, model);
    return reply.code(201).send({ circuits: circuits.length });
  });

  app.put<{ Params: { name: string } }>('/_sandbox/computes/:name', async ({ params, body }) => {
    const { workspace, maxNodeCount } = nodesOrder.parse(body);
    const id = machineLearningId(`workspaces/${workspace}/computes/${params.name}`);
    const compute = context.resources.get(id);
    if (!compute) throw new VendorError(404, { error: `there is no compute ${params.name} in ${workspace}` });
    const properties = compute.properties['properties'] as Record<string, unknown>;
    context.resources.set(id, { properties: { ...properties, scaleSettings: { minNodeCount: 0, maxNodeCount } } });
    return { maxNodeCount };
  });
}

function addCircuit(context: SandboxContext, circuit: Circuit, model: Circuit): void {
  for (const workspace of SERVING_WORKSPACES) {
    seedEndpoint(context, workspace, circuit.plant);
    deploy(context, circuit, workspace, model);
  }
}
