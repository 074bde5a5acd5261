import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { SandboxContext } from '../core/context.ts';
import { VendorError } from '../core/context.ts';

const instant = z.iso.datetime({ offset: true });
const posted = z.array(z.object({ labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()).default({}), startsAt: instant.optional(), endsAt: instant.optional(), generatorURL: z.string().default('') }));

interface Alert {
  fingerprint: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL: string;
  updatedAt: string;
}

const ALERTS = 'alertmanager-alerts';
/** How long an alert fires that nobody sends again and that has no end: `resolve_timeout`. */
const RESOLVE_TIMEOUT_MS = 5 * 60_000;

/** Alertmanager's API v2: alerts are posted as Prometheus posts them, and listed while they have not ended. A label `silenced: "true"` stands for a silence. */
export async function alertmanagerPlugin(app: FastifyInstance, { store, clock }: SandboxContext): Promise<void> {
  app.post('/alertmanager/api/v2/alerts', async (request, reply) => {
    const read = posted.safeParse(request.body);
    if (!read.success) throw new VendorError(400, read.error.issues[0]?.message ?? 'bad request');
    for (const given of read.data) {
      const fingerprint = createHash('sha256').update(JSON.stringify(Object.entries(given.labels).sort())).digest('hex').slice(0, 16);
      const known = store.get<Alert>(ALERTS, fingerprint);
      const fires = known !== undefined && Date.parse(known.endsAt) > clock.nowMs();
      const startsAt = fires ? known.startsAt : (given.startsAt ?? clock.iso());
      const endsAt = given.endsAt ?? new Date(clock.nowMs() + RESOLVE_TIMEOUT_MS).toISOString();
      store.put(ALERTS, fingerprint, { ...given, fingerprint, startsAt, endsAt, updatedAt: clock.iso() } satisfies Alert);
    }
    request.markChanged();
    return reply.code(200).send();
  });

  app.get('/alertmanager/api/v2/alerts', async () =>
    store.list<Alert>(ALERTS)
      .filter(({ endsAt }) => Date.parse(endsAt) > clock.nowMs())
      .map((alert) => ({ ...alert, receivers: [{ name: 'holdpoint' }], status: alert.labels['silenced'] === 'true' ? { state: 'suppressed', silencedBy: ['silence-1'], inhibitedBy: [] } : { state: 'active', silencedBy: [], inhibitedBy: [] } })));
}
