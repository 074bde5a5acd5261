/** What the estate says about drift: where the platform's own report lies, and which changes people made on purpose. */
import { jsonDigest } from '../../workflows/domain/digest.ts';
import type { DriftRules } from '../../workflows/domain/drift-retraining.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { readEstate, unknownTarget } from './estate-file.ts';
import type { EstateSettings } from './index.ts';
import type { Estate } from './schema.ts';
import { targetPolicy, type UnknownTarget } from './target-policy.ts';

export function driftRules(estate: Estate, target: Target): DriftRules | UnknownTarget {
  const policy = targetPolicy(estate, target);
  if ('problem' in policy) return policy;
  const { report, operationalChanges } = estate.drift;
  const rules: Omit<DriftRules, 'digest'> = {
    reportUri: report?.replaceAll('{plant}', target.plant).replaceAll('{circuit}', target.circuit) ?? null,
    changes: operationalChanges
      .filter(({ plant, circuits }) => plant === target.plant && (circuits?.includes(target.circuit) ?? true))
      .map(({ what, features = [], from, until = '9999-12-31' }) => ({ what, features, from, until })),
  };
  return { ...rules, digest: jsonDigest(rules) };
}

/** The estate's word on drift. */
export const createDriftRuleActivities = ({ estateFile }: EstateSettings) => ({
  /**
   * Reads what the estate says about drift of one target. Safe to retry because it only reads.
   *
   * @throws TargetUnknown (not retried) for a target that the estate does not know; EstateInvalid (not retried) naming file, line and field
   */
  loadDriftRules: async ({ target }: { target: Target }): Promise<DriftRules> => {
    const rules = driftRules(await readEstate(estateFile), target);
    if ('problem' in rules) throw await unknownTarget(estateFile, rules);
    return rules;
  },
});
