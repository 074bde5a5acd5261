/** The estate's section `trainingFailures`: how many failed trainings are too many. */
import { z } from 'zod';
import type { FailureRules } from '../../workflows/domain/failure-count.ts';
import { duration } from './durations.ts';
import { readEstate } from './estate-file.ts';

export const trainingFailures = z.strictObject({
  moreThan: z.int('must be a whole number').min(1, 'must be 1 or more').max(100, 'must be at most 100').default(5),
  within: duration.default(24 * 3_600_000),
});

export const createFailureRuleActivities = ({ estateFile }: { estateFile: string }) => ({
  /** How many failures within which time start a run. Safe to retry because it only reads. */
  loadFailureRules: async (_input: Record<string, never>): Promise<FailureRules> => {
    const { trainingFailures: { moreThan, within } } = await readEstate(estateFile);
    return { moreThan, withinMs: within };
  },
});
