/** Who may change a target now: one lock for each target, as pure transitions. The workflow `lockTarget` keeps it; whoever writes asks for the epoch immediately before. */
import { idPart } from './ids.ts';
import type { Severity, Target } from './vocabulary.ts';

/** What a target was before a holder wrote to it: handed over to whoever pre-empts the holder. */
export interface PreImage {
  /** Model version and asset id that served; null where nothing did. */
  version: string | null;
  model: string | null;
}

/** A run, by its workflow id and first run id. */
export interface LockParty {
  workflowId: string;
  runId: string;
}

/** What a run asks the lock for. */
export interface LockClaim extends LockParty {
  target: Target;
  /** What it is about, for people: `version 42-3f2a91c0`. */
  what: string;
  /** Model version that the run brings; null where it brings none. */
  version: string | null;
  /** Of `lockPriority`. The higher number goes first; among equals whoever came first. */
  priority: number;
  /** Takes the lock at once from whoever holds it. */
  preempts: boolean;
  preImage: PreImage | null;
  /** The run has other targets as well, and goes on when this lock is taken from it: whoever takes it does not wait for its end. */
  outlives?: true;
}

export interface LockHolder extends LockClaim {
  epoch: number;
  /** ISO instants. */
  grantedAt: string;
  /** Then the lock looks whether the holder's run still goes on: it renews the lease, or takes the lock back. */
  leaseUntil: string;
  /** From whom the lock was taken for it; told again whenever the claim is repeated. */
  preempted: Preempted | null;
}

/** A holder that was pre-empted: it may still be writing, until its run has closed. */
export type Preempted = Pick<LockHolder, 'workflowId' | 'runId' | 'version' | 'preImage' | 'epoch' | 'outlives'>;

export interface LockState {
  target: Target;
  /** Rises with each grant, and never falls: a write under an older one is refused. */
  epoch: number;
  holder: LockHolder | null;
  /** In the order in which they will be served. */
  queue: LockClaim[];
}

/** What a run that waits, holds or held is told, by the answer to its claim or by the signal `lock`. */
export type LockNews =
  | { kind: 'granted'; epoch: number; preempted: Preempted | null }
  | { kind: 'queued'; place: number; heldBy: string; what: string }
  | { kind: 'preempted'; by: string; what: string; epoch: number };

/** How long a holder is believed to be alive without a look, in milliseconds: while nobody waits, and while somebody does. */
export const leaseMs = { idle: 900_000, wanted: 60_000 } as const;

export function lockId({ plant, circuit }: Target): string {
  return ['lock', idPart(plant), idPart(circuit)].join(':');
}

/**
 * Kinds of runbooks that claim a target's lock, by who goes first. What mends production goes before what changes it, and a release before what touches many circuits and can wait for one
 * of them. A rollback does not queue: it takes the lock from its holder, whatever kind that is, and its rank only says so to readers.
 */
const ranks = { rollback: 400, recovery: 300, release: 200, environment: 100, retraining: 0 } as const;
export type LockKind = keyof typeof ranks;

/** The priority of a claim: first the kind of the runbook, within a kind the severity of the target. Equals are served in the order of their arrival. */
export function lockPriority(kind: LockKind, severity: Severity): number {
  return ranks[kind] + { P0: 40, P1: 30, P2: 20, P3: 10 }[severity];
}

export function freeLock(target: Target): LockState {
  return { target, epoch: 0, holder: null, queue: [] };
}

/** A claim that was made before changes nothing and is told again where it stands; `preempted` is whom the lock was taken from just now. */
export function claimLock(state: LockState, claim: LockClaim, at: string): { state: LockState; news: LockNews; preempted: Preempted | null } {
  const { holder } = state;
  if (holder && isSame(holder, claim)) return { state, news: grantNews(holder), preempted: null };
  if (holder === null || claim.preempts) {
    const preempted = holder && { workflowId: holder.workflowId, runId: holder.runId, version: holder.version, preImage: holder.preImage, epoch: holder.epoch, ...(holder.outlives && { outlives: holder.outlives }) };
    const granted = grant({ ...state, queue: without(state.queue, claim) }, claim, at, preempted);
    return { state: granted, news: { kind: 'granted', epoch: granted.epoch, preempted }, preempted };
  }
  const queue = state.queue.some((waiting) => isSame(waiting, claim)) ? state.queue : [...state.queue, claim].sort((left, right) => right.priority - left.priority); // a stable sort: arrival decides among equals
  return { state: { ...state, queue }, news: placeOf({ ...state, queue }, claim)!, preempted: null };
}

/** The run wants or holds the lock no more; the next in the queue gets it. A run that neither holds nor waits changes nothing. */
export function leaveLock(state: LockState, party: LockParty, at: string): LockState {
  const queue = without(state.queue, party);
  if (!state.holder || !isSame(state.holder, party)) return queue.length === state.queue.length ? state : { ...state, queue };
  const [next, ...rest] = queue;
  return next === undefined ? { ...state, holder: null, queue } : grant({ ...state, queue: rest }, next, at);
}

/** The holder's run was seen to go on. */
export function renewLease(state: LockState, at: string): LockState {
  return state.holder === null ? state : { ...state, holder: { ...state.holder, leaseUntil: leaseFrom(state.queue, at) } };
}

export function grantNews({ epoch, preempted }: LockHolder): LockNews {
  return { kind: 'granted', epoch, preempted };
}

/** What a waiting run is told; null where it does not wait. */
export function placeOf({ holder, queue }: LockState, party: LockParty): LockNews | null {
  const place = queue.findIndex((waiting) => isSame(waiting, party)) + 1;
  return place === 0 || holder === null ? null : { kind: 'queued', place, heldBy: holder.workflowId, what: holder.what };
}

export function isSame(left: LockParty, right: LockParty): boolean {
  return left.workflowId === right.workflowId && left.runId === right.runId;
}

/** The lock as Temporal Web UI shows it. */
export function lockCard({ target, epoch, holder, queue }: LockState): string {
  const held = holder === null ? '**Free**' : `**Held by** ${holder.workflowId} (${holder.what}) since ${holder.grantedAt}; its run is looked at again at ${holder.leaseUntil}`;
  const waiting = queue.slice(0, 20).map(({ workflowId, what }, index) => `${index + 1}. ${workflowId} (${what})`);
  return [`### ${target.plant}/${target.circuit}, epoch ${epoch}`, held, queue.length === 0 ? 'Nobody waits.' : `**Waiting: ${queue.length}**\n\n${waiting.join('\n')}`].join('\n\n');
}

function grant(state: LockState, claim: LockClaim, at: string, preempted: Preempted | null = null): LockState {
  const epoch = state.epoch + 1;
  return { ...state, epoch, holder: { ...claim, epoch, grantedAt: at, leaseUntil: leaseFrom(state.queue, at), preempted } };
}

function leaseFrom(queue: readonly LockClaim[], at: string): string {
  return new Date(Date.parse(at) + (queue.length > 0 ? leaseMs.wanted : leaseMs.idle)).toISOString();
}

function without(queue: readonly LockClaim[], party: LockParty): LockClaim[] {
  return queue.filter((waiting) => !isSame(waiting, party));
}
