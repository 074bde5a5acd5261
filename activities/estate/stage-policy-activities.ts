import type { EstateSettings } from './index.ts';
import { uncheckable } from './check-checklists.ts';
import { complaintAbout, readEstate } from './estate-file.ts';
import { identityComplaint } from './identity-problem.ts';
import { stagePolicy, stageVariant, type StagePolicy } from './stage-policy.ts';

/** The estate's word on stages of pipelines. */
export const createStagePolicyActivities = ({ estateFile, inboxUrl, identityProblem = () => null }: EstateSettings) => ({
  /**
   * Reads who decides about a pipeline's stage before an environment, anew each time, so that a change of the estate reaches runs that wait.
   *
   * Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field; also when the gate has a checklist that nobody can answer before a stage, or demands an identity that cannot be proven here, or accepts one that is not
   */
  loadStagePolicy: async ({ environment }: { environment: string }): Promise<StagePolicy> => {
    const estate = await readEstate(estateFile);
    const policy = stagePolicy(estate, environment, inboxUrl ?? undefined);
    if ('problem' in policy) throw await complaintAbout(estateFile, policy.field, policy.problem);
    const unseen = uncheckable(estate, stageVariant(estate, environment), 'stage');
    if (unseen !== null) throw await complaintAbout(estateFile, unseen.field, `${unseen.problem} (environment ${environment})`);
    const complaint = identityComplaint(estate, [{ variant: stageVariant(estate, environment), policy: policy.gate }], identityProblem);
    if (complaint !== null) throw await complaintAbout(estateFile, complaint.field, complaint.problem);
    return policy;
  },
});
