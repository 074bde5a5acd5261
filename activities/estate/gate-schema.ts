/** Gates in the estate file: any field may come from `gateDefaults`, from the gate itself, or from a plant. */
import { z } from 'zod';
import { identityLevels, severities } from '../../workflows/domain/vocabulary.ts';
import { clockTime, duration } from './durations.ts';
import { oneOrMore } from './one-or-more.ts';

const text = z.string().min(1);
const names = z.array(text);

export const gateNames = ['stage1', 'stage3', 'rollback'] as const;
export type GateName = (typeof gateNames)[number];

/** What the effect of each gate touches. */
export const gateEnvironments = { stage1: 'registry', stage3: 'production', rollback: 'production' } as const satisfies Record<GateName, string>;

const checklistItem = z.strictObject({ id: text, text, by: z.enum(['machine', 'person']), people: names.min(1).nullable().default(null) });
const share = z.number('must be a share of the value shown, from 0 to 1').min(0, 'must be a share of the value shown, from 0 to 1').max(1, 'must be a share of the value shown, from 0 to 1');

const gateFields = z.strictObject({
  quorum: z.int().min(1),
  approvers: names.min(1),
  mandatoryGroups: names,
  fourEyes: z.boolean(),
  rejection: z.enum(['any', 'quorum']),
  bindEvidence: z.boolean(),
  identity: z.enum(identityLevels),
  deadline: clockTime,
  remindAfter: oneOrMore(clockTime),
  escalate: z.array(z.strictObject({ after: clockTime, to: text })),
  widen: z.array(z.strictObject({ after: clockTime, approvers: names.min(1) })),
  onSilence: z.enum(['expire', 'reject', 'hold', 'rollBack', 'approve']),
  opening: text.nullable(),
  evidence: z.strictObject({ lifetime: duration.nullable(), tolerance: z.record(text, share) }).partial(),
  checklist: z.array(checklistItem),
  breakGlass: names,
});
export type GateFields = z.infer<typeof gateFields>;

/** A part of a gate: what it leaves out comes from elsewhere. */
export const gatePart = gateFields.partial();
export type GatePart = z.infer<typeof gatePart>;

/** A part of every gate of these severities and environments; without a condition, of all. */
export const gateDefaultsEntry = gatePart.extend({
  severity: oneOrMore(z.enum(severities)).optional(),
  environment: oneOrMore(z.enum(['registry', 'production'])).optional(),
});
