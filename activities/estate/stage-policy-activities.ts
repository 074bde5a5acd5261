import type { EstateSettings } from './index.ts';
import { complaintAbout, readEstate } from './estate-file.ts';
import { stagePolicy, type StagePolicy } from './stage-policy.ts';

/** The estate's word on stages of pipelines. */
export const createStagePolicyActivities = ({ estateFile, inboxUrl }: EstateSettings) => ({
  /**
   * Reads who decides about a pipeline's stage before an environment, anew each time, so that a change of the estate reaches runs that wait.
   *
   * Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  loadStagePolicy: async ({ environment }: { environment: string }): Promise<StagePolicy> => {
    const policy = stagePolicy(await readEstate(estateFile), environment, inboxUrl ?? undefined);
    if ('problem' in policy) throw await complaintAbout(estateFile, policy.field, policy.problem);
    return policy;
  },
});
