/** Changes that Holdpoint proposes by pull request: where, who reviews them, and what happens while nobody does. */
import { z } from 'zod';
import type { ChangeRules } from '../../workflows/domain/configuration-change.ts';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { completeGate } from './effective-gates.ts';
import { duration } from './durations.ts';
import type { EstateSettings } from './index.ts';
import { readEstate, unknownTarget } from './estate-file.ts';
import { gatePart } from './gate-schema.ts';
import { groupsAmong, peopleBehind } from './names.ts';
import type { Estate } from './schema.ts';
import { targetPolicy, type UnknownTarget } from './target-policy.ts';

/** What `review` leaves out is that of the target's Stage 1. */
export const changesSchema = z.strictObject({
  repository: z.string().min(1).optional(),
  review: gatePart.pick({ approvers: true, deadline: true, remindAfter: true, escalate: true, widen: true }).default({}),
  pollEvery: duration.default(300_000),
  mergeBy: z.enum(['holdpoint', 'people']).default('holdpoint'),
});

/** The repository that Holdpoint proposes changes in, by name or id. */
export function changeRepository({ changes: { repository }, azureDevOps: { project } }: Pick<Estate, 'changes' | 'azureDevOps'>): string {
  return repository ?? project; // Azure DevOps calls a project's first repository as the project
}

export function changeRules(estate: Estate, target: Target): ChangeRules | UnknownTarget {
  const policy = targetPolicy(estate, target);
  if ('problem' in policy) return policy;
  const { changes: { review, pollEvery, mergeBy } } = estate;
  const { severity, people } = policy;
  const { approvers, remindAfter, escalate, widen, deadline } = { ...completeGate(estate, { gate: 'stage1', severity, plant: target.plant }), ...review };
  const rules: Omit<ChangeRules, 'digest'> = {
    repository: changeRepository(estate),
    branch: estate.releaseBranch,
    people,
    severity,
    reviewers: peopleBehind(estate, approvers),
    groups: groupsAmong(estate, [...approvers, ...escalate.map(({ to }) => to)]),
    clock: { remind: remindAfter, escalate: escalate.map(({ after, to }) => ({ ...after, to })), widen: widen.map(({ after, approvers: names }) => ({ ...after, approvers: peopleBehind(estate, names) })), decide: deadline },
    pollMs: pollEvery,
    mergeBy,
    settleMs: estate.settle,
  };
  return { ...rules, digest: jsonDigest(rules) };
}

/** The estate's word on changes by pull request. */
export const createChangeRuleActivities = ({ estateFile }: EstateSettings) => ({
  /**
   * Reads who reviews a proposed change of one target. Safe to retry because it only reads.
   *
   * @throws TargetUnknown (not retried) for a target that the estate does not know; EstateInvalid (not retried) naming file, line and field
   */
  loadChangeRules: async ({ target }: { target: Target }): Promise<ChangeRules> => {
    const rules = changeRules(await readEstate(estateFile), target);
    if ('problem' in rules) throw await unknownTarget(estateFile, rules);
    return rules;
  },
});
