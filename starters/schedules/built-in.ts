/** What runs by itself without the estate's saying so. The estate may change each of them, under the same id. */
import type { BuiltInSchedule, Overlap } from '../../workflows/domain/schedules.ts';

export interface BuiltInRow {
  description: string;
  /** Between two runs, in milliseconds. */
  everyMs: number;
  /** As the workflow takes it; left out: it takes none. */
  input?: object;
  overlap: Overlap;
  /** Left out: one interval, so that the last run that was due while Temporal was away is made up for. */
  catchUpMs?: number;
}

const minute = 60_000;

export const builtInRows: Readonly<Record<BuiltInSchedule, BuiltInRow>> = {
  anchorRecord: { description: 'Keep the head of the record outside its store', everyMs: 24 * 60 * minute, overlap: 'skip' },
  // The sweeps see what an earlier one left: one that is still at work is enough.
  unblockRelease: { description: 'Look after gates that have waited too long', everyMs: 60 * minute, input: {}, overlap: 'skip' },
  sweepRuns: { description: 'Find runs that were terminated or reset from outside', everyMs: 30 * minute, input: {}, overlap: 'skip' },
  // After an outage of Temporal itself, which is what they are there for, the last one that was due is made up for.
  reconcileAlerts: { description: 'Read the active alerts of every source, and take up what no webhook told', everyMs: 10 * minute, input: {}, overlap: 'skip' },
  reconcileHooks: { description: 'Read in Azure DevOps what was merged, built and approved, and take up what no service hook told', everyMs: 15 * minute, input: {}, overlap: 'skip' },
  // Failures count by their own times: a look that was missed loses nothing.
  findTrainingFailures: { description: 'Look for training jobs that failed, and have them counted', everyMs: 60 * minute, input: {}, overlap: 'skip' },
};
