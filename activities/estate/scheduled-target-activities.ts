import type { Period, ScheduledTargets, TargetSelection } from '../../workflows/domain/schedules.ts';
import { readEstate } from './estate-file.ts';
import type { EstateSettings } from './index.ts';
import { periodAround, selectTargets } from './scheduled-targets.ts';

/** The estate's word on what a schedule starts. */
export const createScheduledTargetActivities = ({ estateFile }: Pick<EstateSettings, 'estateFile'>) => ({
  /**
   * Selects the circuits of a schedule, and names the period around `at`, an ISO instant.
   *
   * Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  selectScheduledTargets: async ({ select, oncePer, timezone, at }: { select: TargetSelection; oncePer: Period; timezone: string; at: string }): Promise<ScheduledTargets> => ({
    targets: selectTargets(await readEstate(estateFile), select),
    ...periodAround(at, oncePer, timezone),
  }),
});
