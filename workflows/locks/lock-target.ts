import { allHandlersFinished, condition, continueAsNew, defineQuery, defineSignal, defineUpdate, getExternalWorkflowHandle, setCurrentDetails, setHandler, workflowInfo, ApplicationFailure } from '@temporalio/workflow';
import { lockNewsSignal } from '../blocks/resource-lock.ts';
import { requireInput } from '../blocks/required-input.ts';
import { now } from '../blocks/workflow-clock.ts';
import { FailureType } from '../domain/failures.ts';
import { claimLock, freeLock, grantNews, leaveLock, lockCard, placeOf, renewLease, type LockClaim, type LockNews, type LockParty, type LockState } from '../domain/resource-lock.ts';
import type { Target } from '../domain/vocabulary.ts';
import { findClosedRuns } from './lock-activities.ts';

export const acquireUpdate = defineUpdate<LockNews, [LockClaim]>('acquire');
export const releaseSignal = defineSignal<[LockParty]>('release');
export const lockStatusQuery = defineQuery<LockState>('status');

export interface LockTargetInput {
  target: Target;
  /** What the run before this one left. */
  state?: LockState;
}

/** Events after which the lock goes on in a new run. */
const longestHistory = 2_000;

/**
 * The lock of one target, for as long as there is the target: it is started by the first claim and never ends, so that its epoch never falls. Repeated claims and releases change
 * nothing.
 */
export async function lockTarget(input: LockTargetInput): Promise<void> {
  requireInput(input, ['target.plant', 'target.circuit']);
  const { target } = input;
  let state = input.state ?? freeLock(target);
  const told = new Map<string, string>(newsOf(state).map(({ party, news }) => [keyOf(party), JSON.stringify(news)])); // a run before this one told them
  /** The newest for each run: two that are sent in the same moment may arrive in either order. */
  const letters = new Map<string, { party: LockParty; news: LockNews }>();
  let isLooking = false;
  let isWanted = false;

  const become = (next: LockState): void => {
    state = next;
    setCurrentDetails(lockCard(state));
    for (const { party, news } of newsOf(state)) {
      if (told.get(keyOf(party)) === JSON.stringify(news)) continue;
      told.set(keyOf(party), JSON.stringify(news));
      letters.set(keyOf(party), { party, news });
    }
  };

  setHandler(acquireUpdate, (claim) => {
    const { state: next, news, preempted } = claimLock(state, claim, now().toISOString());
    told.set(keyOf(claim), JSON.stringify(news)); // the answer tells it
    letters.delete(keyOf(claim));
    if (preempted) letters.set(keyOf(preempted), { party: preempted, news: { kind: 'preempted', by: claim.workflowId, what: claim.what, epoch: next.epoch } });
    if (news.kind === 'queued') isWanted = true; // perhaps the holder's run has closed without a word
    become(next);
    return news;
  }, { description: 'Asked by runs: claims the lock', validator: refuseMalformed });
  setHandler(releaseSignal, (party) => { if (isParty(party)) become(leaveLock(state, party, now().toISOString())); }, { description: 'Gives the lock, or the place in its queue, back: {"workflowId", "runId"}' });
  setHandler(lockStatusQuery, () => state, { description: 'Epoch, holder and queue' });

  /** Gives the places of closed runs back. Where that cannot be seen now, the next lease asks again. */
  const look = async (): Promise<void> => {
    isLooking = true;
    isWanted = false;
    const parties = [...(state.holder ? [state.holder] : []), ...state.queue];
    const closed = await findClosedRuns({ runs: parties.map(({ workflowId, runId }) => ({ workflowId, runId })) }).then(({ runs }) => runs, () => []);
    become(closed.reduce((left, party) => leaveLock(left, party, now().toISOString()), renewLease(state, now().toISOString())));
    isLooking = false;
  };
  /** A run that cannot be told has closed. */
  const send = async ({ party, news }: { party: LockParty; news: LockNews }): Promise<void> => {
    try {
      await getExternalWorkflowHandle(party.workflowId).signal(lockNewsSignal, { ...news, runId: party.runId, target });
    } catch {
      become(leaveLock(state, party, now().toISOString()));
    }
  };

  become(state);
  for (;;) {
    const isDue = (): boolean => letters.size > 0 || (!isLooking && (isWanted || isLong()));
    const leaseLeftMs = state.holder === null || isLooking ? null : Math.max(1, Date.parse(state.holder.leaseUntil) - now().getTime());
    const wasDue = leaseLeftMs === null ? await condition(() => isDue() || (!isLooking && state.holder !== null)).then(() => true) : await condition(isDue, leaseLeftMs);
    if (!isLooking && (isWanted || !wasDue)) void look();
    const sent = [...letters.values()];
    letters.clear();
    await Promise.all(sent.map(send));
    if (isLong() && letters.size === 0 && !isLooking && allHandlersFinished()) await continueAsNew<typeof lockTarget>({ target, state });
  }
}

function isLong(): boolean {
  const { historyLength, continueAsNewSuggested } = workflowInfo();
  return historyLength > longestHistory || continueAsNewSuggested;
}

/** What the holder and those who wait are to know. */
function newsOf(state: LockState): { party: LockParty; news: LockNews }[] {
  const holder = state.holder ? [{ party: state.holder, news: grantNews(state.holder) }] : [];
  return [...holder, ...state.queue.map((party) => ({ party, news: placeOf(state, party)! }))];
}

function keyOf({ workflowId, runId }: LockParty): string {
  return `${workflowId}/${runId}`;
}

function isParty(value: unknown): value is LockParty {
  return typeof value === 'object' && value !== null && 'workflowId' in value && 'runId' in value;
}

function refuseMalformed(claim: unknown): void {
  if (!isParty(claim)) throw ApplicationFailure.nonRetryable('a claim names its workflowId and runId', FailureType.InputInvalid);
}

