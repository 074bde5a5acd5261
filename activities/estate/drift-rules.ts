/** What the estate says about drift: where the platform's own report lies, and which changes people made on purpose. */
import { z } from 'zod';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import type { DriftRules } from '../../workflows/domain/drift-retraining.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { date } from './calendar-schema.ts';
import type { Complain } from './complaints.ts';
import { complaintAbout, readEstate } from './estate-file.ts';
import type { EstateSettings } from './index.ts';
import type { Estate } from './schema.ts';
import { targetPolicy, type UnknownTarget } from './target-policy.ts';

const text = z.string().min(1).max(200);

const operationalChange = z.strictObject({
  what: text,
  plant: text,
  circuits: z.array(text).min(1, 'must name at least one circuit, or be left out').optional(),
  features: z.array(text).min(1, 'must name at least one column of the readings, or be left out').optional(),
  from: date,
  until: date.optional(),
});

export const driftSchema = z.strictObject({
  report: z
    .string()
    .regex(/^azureml:\/\/datastores\/[^/]+\/paths\/.+/, 'must be azureml://datastores/<datastore>/paths/<path>')
    .refine((uri) => uri.includes('{plant}') && uri.includes('{circuit}'), 'must contain {plant} and {circuit}, so that each circuit has its own report')
    .optional(),
  operationalChanges: z.array(operationalChange).default([]),
});

/** Whoever declares a change for a circuit that does not exist has another one in mind. */
export function checkDrift({ plants, drift }: Pick<Estate, 'plants' | 'drift'>, complain: Complain): void {
  drift.operationalChanges.forEach(({ plant, circuits = [], from, until }, index) => {
    const at = ['drift', 'operationalChanges', index];
    const known = Object.hasOwn(plants, plant) ? plants[plant] : undefined;
    if (!known) complain([...at, 'plant'], `there is no plant "${plant}"; known are ${Object.keys(plants).join(', ')}`);
    else circuits.forEach((circuit, which) => { if (!Object.hasOwn(known.circuits, circuit)) complain([...at, 'circuits', which], `there is no circuit ${plant}/${circuit}; known are ${Object.keys(known.circuits).join(', ')}`); });
    if (until !== undefined && until < from) complain([...at, 'until'], 'must not be before "from"');
  });
}

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
   * @throws EstateInvalid (not retried) naming file, line and field, also for a target that the estate does not know
   */
  loadDriftRules: async ({ target }: { target: Target }): Promise<DriftRules> => {
    const rules = driftRules(await readEstate(estateFile), target);
    if ('problem' in rules) throw await complaintAbout(estateFile, rules.field, rules.problem);
    return rules;
  },
});
