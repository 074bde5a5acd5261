import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { refuseByField } from '../control/refusal.ts';
import type { SandboxContext } from '../core/context.ts';
import { armError } from '../core/context.ts';
import { LOCATION, SUBSCRIPTION_ID } from '../core/tenancy.ts';
import type { ArmContext } from './arm-context.ts';
import { page } from './paging.ts';
import { LOCATIONS } from './routes.ts';

const COLLECTION = 'quotas';

/** Sizes of the machines that the stand-in's region has. */
const SIZES = [
  { name: 'STANDARD_DS3_V2', family: 'standardDSv2Family', vCPUs: 4, gpus: 0, memoryGB: 14 },
  { name: 'STANDARD_NC6S_V3', family: 'standardNCSv3Family', vCPUs: 6, gpus: 1, memoryGB: 112 },
];

/** What is limited, as the service names it, with what is used of it until somebody orders otherwise. */
const LIMITS: Record<string, { used: number; limit: number }> = {
  'Standard DSv2 Family Cluster Dedicated vCPUs': { used: 0, limit: 24 },
  'Standard NCSv3 Family Cluster Dedicated vCPUs': { used: 0, limit: 6 },
  'Total Cluster Dedicated Regional vCPUs': { used: 0, limit: 50 },
};

interface Figures {
  used: number;
  limit: number;
  /** What becomes of a job whose node would go over it: it is taken, and fails when its node is wanted, or its submission is refused. Left out: nothing, it runs. */
  over?: 'fail' | 'refuse' | undefined;
}

/** The family's figures, by the size of the machines that a job's compute has. */
const FAMILIES: Record<string, keyof typeof LIMITS> = { STANDARD_DS3_V2: 'Standard DSv2 Family Cluster Dedicated vCPUs', STANDARD_NC6S_V3: 'Standard NCSv3 Family Cluster Dedicated vCPUs' };

/** Why a job on a compute of this size has no room, in the service's words, and what becomes of it; null where it has, or where nobody has ordered that it matters. */
export function overQuota({ sandbox: { store } }: Pick<ArmContext, 'sandbox'>, vmSize: string | undefined): { message: string; over: 'fail' | 'refuse' } | null {
  const size = SIZES.find(({ name }) => name === vmSize?.toUpperCase());
  const family = FAMILIES[size?.name ?? ''];
  const figures = family === undefined ? undefined : store.get<Figures>(COLLECTION, family);
  if (size === undefined || figures?.over === undefined || figures.used + size.vCPUs <= figures.limit) return null;
  return { over: figures.over, message: `Not enough quota available for ${size.name} in SubscriptionId ${SUBSCRIPTION_ID}. Current usage/limit: ${figures.used}/${figures.limit}. Additional needed: ${size.vCPUs}` };
}

type Location = { Params: { location: string } };

/** Usages, quotas and machine sizes of the region. */
export function quotaRoutes(app: FastifyInstance, { sandbox }: Pick<ArmContext, 'sandbox'>): void {
  const check = ({ location }: Location['Params']): void => {
    if (location.toLowerCase() !== LOCATION) throw armError(400, 'NoRegisteredProviderFound', `No registered resource provider found for location '${location}'.`);
  };
  const figures = () => Object.entries(LIMITS).map(([name, usual]) => ({ name, ...(sandbox.store.get<Figures>(COLLECTION, name) ?? usual) }));
  const described = (name: string, kind: string) => ({
    id: `/subscriptions/${SUBSCRIPTION_ID}/providers/Microsoft.MachineLearningServices/locations/${LOCATION}/dedicatedCores/${kind}/${encodeURIComponent(name)}`,
    type: `Microsoft.MachineLearningServices/dedicatedCores/${kind}`,
    amlWorkspaceLocation: LOCATION,
    unit: 'Count',
    name: { value: name, localizedValue: name },
  });

  app.get<Location>(`${LOCATIONS}/:location/usages`, async (request) => {
    check(request.params);
    return page(sandbox, request, figures().map(({ name, used, limit }) => ({ ...described(name, 'usages'), currentValue: used, limit })));
  });
  app.get<Location>(`${LOCATIONS}/:location/quotas`, async (request) => {
    check(request.params);
    return page(sandbox, request, figures().map(({ name, limit }) => ({ ...described(name, 'quotas'), limit })));
  });
  app.get<Location>(`${LOCATIONS}/:location/vmSizes`, async ({ params }) => {
    check(params);
    return { value: SIZES };
  });
}

const order = z.strictObject({ name: z.enum(Object.keys(LIMITS)), used: z.number().int().min(0), limit: z.number().int().min(0), over: z.enum(['fail', 'refuse']).optional() });

/** The stand-in's own API: how much of a quota is used, of how much, and whether a job that goes over it fails or is refused. */
export async function quotaControl(app: FastifyInstance, { store }: SandboxContext): Promise<void> {
  refuseByField(app);
  app.post('/_sandbox/quotas', async (request, reply) => {
    const { name, ...figures } = order.parse(request.body);
    store.put(COLLECTION, name, figures);
    return reply.code(201).send({ name, ...figures });
  });
}
