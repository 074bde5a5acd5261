import { workflowInfo } from '@temporalio/workflow';
import type { Run } from '../blocks/run.ts';
import { ReleaseModelPhase as Phase } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { ReleaseModelInput } from '../domain/release.ts';
import { findOlderRuns, supersedeRun } from './release-activities.ts';

/** By policy, a newer version retires older ones of the same target that have not come to production; both runs have it on record. That they cannot be looked for stops nothing. */
export async function retireOlderReleases(run: Run, { target, version }: ReleaseModelInput, { supersede }: TargetPolicy): Promise<void> {
  if (supersede !== 'retire') return;
  await run.attempt('Older releases of this circuit could not be looked for', async () => {
    const { workflowId } = workflowInfo();
    const { runs } = await findOlderRuns({ target, version, workflowId });
    for (const older of runs) {
      const { sent } = await supersedeRun({ workflowId: older.workflowId, by: workflowId, version });
      if (sent) run.record.add({ kind: 'finding', what: 'superseded an older release', detail: `${older.workflowId}${whereItWaited(older)}` });
    }
  });
}

function whereItWaited({ gate, phase }: Awaited<ReturnType<typeof findOlderRuns>>['runs'][number]): string {
  if (phase === Phase.Stopped) return ', which an emergency stop held';
  if (phase === Phase.Frozen) return ', which a freeze held';
  if (phase === Phase.Queued) return ', which waited for its lock';
  return gate === null ? '' : `, which waited at ${gate}`;
}
