import { z } from 'zod';
import type { SandboxContext } from '../../core/context.ts';
import type { Addresses } from '../addresses.ts';
import { identityOf, SERVICE_IDENTITY } from '../identity.ts';
import { deployingStageOrder, serveModel } from './deployed-model.ts';

/** The body of `POST /_sandbox/releases`: a classic release with one stage, which has been deployed once. */
export const stagedReleaseOrderSchema = z.strictObject({
  definition: z.string().min(1).default('deploy-models'),
  ...deployingStageOrder,
  /** Whether a further one waits for somebody's approval. */
  waits: z.boolean().default(false),
});

type Order = z.infer<typeof stagedReleaseOrderSchema>;

interface Attempt {
  attempt: number;
  status: 'notDeployed' | 'inProgress' | 'succeeded' | 'failed';
  queuedOn: string;
  /** By the stand-in's clock; none while it waits for an approval. */
  dueMs?: number;
}

/** A classic release whose stage can be deployed again. */
export interface StagedRelease extends Order {
  id: number;
  createdOn: string;
  status: 'inProgress' | 'succeeded' | 'rejected' | 'canceled' | 'queued';
  attempts: Attempt[];
}

const RELEASES = 'staged-releases';

/** Classic releases that deploy: two equal orders are two deployments, as with the vendor. */
export class StagedReleases {
  readonly #sandbox: Pick<SandboxContext, 'store' | 'clock' | 'resources'>;

  constructor(sandbox: Pick<SandboxContext, 'store' | 'clock' | 'resources'>) {
    this.#sandbox = sandbox;
  }

  /** Takes up what was under way when the stand-in was last stopped. */
  start(): void {
    for (const release of this.list()) this.#arrange(release);
  }

  get(id: number): StagedRelease | undefined {
    return this.#sandbox.store.get<StagedRelease>(RELEASES, String(id));
  }

  /** Newest first. */
  list(): StagedRelease[] {
    return this.#sandbox.store.list<StagedRelease>(RELEASES).reverse();
  }

  create(order: Order): StagedRelease {
    const { store, clock } = this.#sandbox;
    const now = clock.iso();
    return this.#save({ ...order, id: store.next('releases'), createdOn: now, status: order.first === 'succeeded' ? 'succeeded' : 'rejected', attempts: [{ attempt: 1, status: order.first, queuedOn: now }] });
  }

  tag(release: StagedRelease, tag: string): StagedRelease {
    return this.#save({ ...release, tags: [...new Set([...release.tags, tag])] });
  }

  deploy(release: StagedRelease): StagedRelease {
    const { clock } = this.#sandbox;
    const attempt: Attempt = { attempt: release.attempts.length + 1, status: release.waits ? 'notDeployed' : 'inProgress', queuedOn: clock.iso(), ...(!release.waits && { dueMs: clock.nowMs() + release.durationMs }) };
    const begun = this.#save({ ...release, status: release.waits ? 'queued' : 'inProgress', attempts: [...release.attempts, attempt] });
    this.#arrange(begun);
    return begun;
  }

  cancel(release: StagedRelease): StagedRelease {
    return this.#save({ ...release, status: 'canceled', attempts: release.attempts.map((attempt) => (isUnderWay(attempt) ? withoutDue({ ...attempt, status: 'failed' }) : attempt)) });
  }

  #arrange({ id, attempts }: StagedRelease): void {
    const last = attempts.at(-1)!;
    if (last.status === 'inProgress' && last.dueMs !== undefined) this.#sandbox.clock.at(last.dueMs, () => this.#end(id, last.attempt));
  }

  #end(id: number, number: number): void {
    const release = this.get(id);
    if (release?.attempts.at(-1)?.attempt !== number || release.status !== 'inProgress') return;
    if (release.result === 'succeeded' && release.deploys) serveModel(this.#sandbox, release.deploys);
    this.#save({ ...release, status: release.result === 'succeeded' ? 'succeeded' : 'rejected', attempts: release.attempts.map((attempt) => (attempt.attempt === number ? withoutDue({ ...attempt, status: release.result }) : attempt)) });
  }

  #save(release: StagedRelease): StagedRelease {
    this.#sandbox.store.put(RELEASES, String(release.id), release);
    return release;
  }
}

function isUnderWay({ status }: Attempt): boolean {
  return status === 'inProgress' || status === 'notDeployed';
}

function withoutDue({ dueMs: _due, ...attempt }: Attempt): Attempt {
  return attempt;
}

/** The stage's own number. */
export function stageIdOf({ id }: Pick<StagedRelease, 'id'>): number {
  return id * 10 + 1;
}

/** Definitions have numbers by their names. */
export function definitionOf(name: string): { id: number; name: string } {
  return { id: 1 + [...name].reduce((sum, character) => sum + character.charCodeAt(0), 0), name };
}

/** As `_apis/release/releases/<id>/environments/<id>` shows it. */
export function presentStage(release: StagedRelease): Record<string, unknown> {
  const { id, stage, status, attempts, waits } = release;
  return {
    id: stageIdOf(release),
    releaseId: id,
    name: stage,
    status,
    deploySteps: attempts.map(({ attempt, status: its, queuedOn }) => ({ id: id * 100 + attempt, deploymentId: id * 100 + attempt, attempt, reason: attempt === 1 ? 'automated' : 'manual', status: its, queuedOn, requestedBy: identityOf(SERVICE_IDENTITY.uniqueName) })),
    preDeployApprovals: attempts.map(({ attempt, status: its }) => ({ id: id * 100 + attempt, attempt, approvalType: 'preDeploy', isAutomated: !waits || attempt === 1, status: its === 'notDeployed' ? 'pending' : 'approved' })),
  };
}

/** As `_apis/release/releases` shows it. */
export function presentStagedRelease(release: StagedRelease, addresses: Addresses): Record<string, unknown> {
  const { id, tags, createdOn, definition } = release;
  return { id, name: `Release-${id}`, status: 'active', createdOn, tags, releaseDefinition: definitionOf(definition), environments: [presentStage(release)], artifacts: [], _links: { web: { href: `${addresses.organisation()}/_releaseProgress?releaseId=${id}` } } };
}
