/** Activities that read the estate file: the only way in which a runbook learns a target's policy. */
import { jsonDigest } from '../../workflows/domain/digest.ts';
import type { TargetPolicy } from '../../workflows/domain/policy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { reviewedCircuits, type LoadedCircuits } from './circuits.ts';
import { complaintAbout, readEstate } from './estate-file.ts';
import { targetPolicy } from './target-policy.ts';

export interface ReleaseRules {
  /** `refs/heads/…`: pull requests into other branches release nothing. */
  releaseBranch: string;
  /** Most training jobs of one change at the same time. */
  maxParallel: number;
  /** How long after a write of uncertain outcome its late arrival is still looked for, in milliseconds. */
  settleMs: number;
  /** SHA-256, hexadecimal, of the estate. */
  digest: string;
}

export const createEstateActivities = ({ estateFile }: { estateFile: string }) => ({
  /**
   * Reads the policy of one target, anew each time, so that a change of the estate reaches runs that wait.
   *
   * Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  loadPolicy: async ({ target }: { target: Target }): Promise<TargetPolicy> => {
    const policy = targetPolicy(await readEstate(estateFile), target);
    if ('problem' in policy) throw await complaintAbout(estateFile, policy.field, policy.problem);
    return policy;
  },

  /** Severity, sensor and deployment of many circuits, for reviews; one that the estate does not know is left out. Safe to retry because it only reads. */
  loadCircuits: async ({ targets }: { targets: Target[] }): Promise<LoadedCircuits> => reviewedCircuits(await readEstate(estateFile), targets),

  /** What holds for every release. Safe to retry because it only reads. */
  loadReleaseRules: async (_input: Record<string, never>): Promise<ReleaseRules> => {
    const estate = await readEstate(estateFile);
    return { releaseBranch: estate.releaseBranch, maxParallel: estate.training.maxParallel, settleMs: estate.settle, digest: jsonDigest(estate) };
  },
});
