/** Runs of `releaseModel` whose Stage 1 has the policy that a test is about, and what was told and put on record. */
import assert from 'node:assert/strict';
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import type { GatePolicy, TargetPolicy } from '../../workflows/domain/policy.ts';
import type { RecordEntry } from '../../workflows/domain/record.ts';
import { eventually } from './eventually.ts';
import { testPolicy, type ReleaseActivities } from './release-activities.ts';
import { failureOf, type Handle } from './release-model-runs.ts';

/** What the run did that an outsider sees. */
export interface Witness {
  told: GateEvent[];
  entries: RecordEntry[];
}

/** The activities of a release whose gates have this policy, and their witness. `estate` may be changed while a run waits. */
export function witnessed(stage1: Partial<GatePolicy>, replaced: Partial<ReleaseActivities> = {}): { activities: Partial<ReleaseActivities>; witness: Witness; estate: { stage1: Partial<GatePolicy>; target: Partial<TargetPolicy> } } {
  const witness: Witness = { told: [], entries: [] };
  const estate = { stage1, target: {} };
  const seen = new Set<string>();
  return {
    witness,
    estate,
    activities: {
      loadPolicy: async ({ target }) => {
        const policy = testPolicy(target);
        return { ...policy, ...estate.target, gates: { ...policy.gates, stage1: { ...policy.gates.stage1, ...estate.stage1 } } };
      },
      notify: async ({ event }) => {
        witness.told.push(event);
        return { delivered: ['chat'], failed: [] };
      },
      appendToRecord: async ({ key, entries }) => {
        if (!seen.has(key.key)) witness.entries.push(...entries);
        seen.add(key.key);
        return { block: witness.entries.length, digest: '0'.repeat(64) };
      },
      ...replaced,
    },
  };
}

export const gateOf = (handle: Handle) => handle.query<GateView | null>('gate');

/** The open gate, once it is this one in this generation. */
export async function openGate(handle: Handle, gate: string, generation = 0): Promise<GateView> {
  return await eventually(async () => {
    const view = await gateOf(handle);
    assert.equal(view?.gate, gate);
    assert.equal(view.generation, generation);
    return view;
  });
}

/** Sends an answer; resolves with what `decide` says. */
export const answer = (handle: Handle, value: object) => handle.executeUpdate<{ state: string; counted: boolean; reason?: string }, [object]>('decide', { args: [value] });

export const refused = (handle: Handle, value: object, reason: RegExp) => assert.rejects(answer(handle, value), (error: Error) => reason.test(String(error.cause)));

/** Cancels a run that the test needs no further, and waits for its end. */
export async function stop(handle: Handle): Promise<void> {
  await handle.cancel();
  await failureOf(handle.result());
}
