import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { lapseReason, tendingKey, unblockDefaults, unblockPhase, type UnblockedGate, type UnblockReleaseInput, type UnblockReleaseResult } from '../domain/review-stuck.ts';
import type { WaitingGate } from '../domain/review-gates.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { findWaitingGates, tendGates } from './review-activities.ts';
import { fileLapse } from './lapse-work-item.ts';
import { noteUnreadable } from './unreadable-gates.ts';

/** Runbooks whose gates are about a release. */
const releases = ['releaseModel', 'releaseChange'];

/** Release pipeline stuck in approval: looks after everything that has waited too long for somebody. Run by a schedule. */
export async function unblockRelease(input: UnblockReleaseInput = {}): Promise<UnblockReleaseResult> {
  const run = new Run({ phase: unblockPhase, target: null, appendToRecord });
  const { olderThanMs, lapseAfterMs, tendEveryMs, plant } = { ...unblockDefaults, ...input };
  const scope = { runbooks: releases, ...(plant === undefined ? {} : { plant }) };
  const result: UnblockReleaseResult = { outcome: 'succeeded', reason: '', gates: [], more: 0, unreadable: [], workItems: [] };

  return await run.conclude(async () => {
    const at = now().toISOString();
    const tend = async (gates: readonly WaitingGate[], action: 'remeasure' | 'remind' | 'widen' | 'lapse', reasonOf: (gate: WaitingGate) => string) => {
      if (gates.length === 0) return [];
      const asked = gates.map((gate) => ({ key: tendingKey(gate, action, tendEveryMs, at), workflowId: gate.workflowId, reason: reasonOf(gate) }));
      return (await tendGates({ gates: asked, action, by: 'unblockRelease' })).gates;
    };
    const waited = ({ openedAt }: WaitingGate) => `open since ${openedAt.slice(0, 16).replace('T', ' ')} UTC`;

    // 1. Review release details: what has been open for too long, and are its metrics and test results still what was shown?
    const { gates: stuck, more, unreadable } = await findWaitingGates({ now: at, olderThanMs, ...scope });
    Object.assign(result, { more, unreadable });
    noteUnreadable(run, unreadable);
    if (stuck.length === 0) return { ...result, reason: 'no gate has waited for too long' };
    run.progress([`${stuck.length} gates have waited for too long`]);
    const measured = await tend(stuck, 'remeasure', waited);
    const { gates: still } = await findWaitingGates({ now: now().toISOString(), ...scope });
    const unchanged = stuck.filter((gate) => still.some((other) => other.workflowId === gate.workflowId && other.gate === gate.gate && other.generation === gate.generation));

    // 2. Decision, which stays with people: what is below threshold and has been left alone for longer still lapses, where silence means "no". For the rest people are reminded, and more of them may decide.
    const lapsing = unchanged.filter((gate) => lapseReason(gate, lapseAfterMs, at) !== null);
    const tended = unchanged.filter((gate) => !lapsing.includes(gate));
    const lapsed = await tend(lapsing, 'lapse', (gate) => lapseReason(gate, lapseAfterMs, at)!);
    await tend(tended, 'remind', waited);
    const widened = await tend(tended, 'widen', waited);

    // 3. Follow-up: a rejected release files its own work item; one that was let lapse gets it here. Approved ones are watched by their own run.
    for (const gate of lapsing.filter(({ workflowId, onSilence }) => onSilence === 'expire' && lapsed.some((lapse) => lapse.workflowId === workflowId && lapse.done))) {
      const item = await run.attempt(`No work item for ${gate.workflowId}`, () => fileLapse(run, gate, lapseReason(gate, lapseAfterMs, at)!));
      if (item) result.workItems.push({ workflowId: gate.workflowId, ...item });
    }

    result.gates = stuck.map((gate): UnblockedGate => {
      const of = <T extends { workflowId: string }>(list: readonly T[]) => list.find(({ workflowId }) => workflowId === gate.workflowId);
      const about = { workflowId: gate.workflowId, gate: gate.gate, changes: [...(of(measured)?.changes ?? []), ...(of(widened)?.changes ?? [])].slice(0, 5) };
      const lapse = of(lapsed);
      if (lapse?.done) return { ...about, state: 'lapsed', reason: lapseReason(gate, lapseAfterMs, at)! };
      if (unchanged.includes(gate)) return { ...about, state: 'tended', reason: lapse?.reason ?? waited(gate) };
      // A gate whose evidence changed closes for a moment before it opens anew: it may be seen as neither.
      return (of(measured)?.changes.length ?? 0) > 0 ? { ...about, state: 'reopened', reason: 'its evidence had changed, so it is asked anew' } : { ...about, state: 'gone', reason: 'decided meanwhile' };
    });
    return { ...result, reason: ['tended', 'reopened', 'lapsed', 'gone'].map((state) => [result.gates.filter((gate) => gate.state === state).length, state] as const).filter(([count]) => count > 0).map(([count, state]) => `${count} ${state}`).join(', ') };
  }, (outcome, reason) => ({ ...result, outcome, reason }));
}
