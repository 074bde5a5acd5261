/** The shape of the estate file. What each field means stands in the header of `estate/demo.yml`. */
import ms, { type StringValue } from 'ms';
import { z } from 'zod';
import { isTargetName } from '../../workflows/domain/ids.ts';

const text = z.string().min(1);

const durationPattern = /^\d+(\.\d+)?\s?(ms|s|m|h|d)$/;

/** A duration as text, in milliseconds once read. A bare number would leave the unit to guessing. */
const duration = z
  .string('must be a duration with its unit, such as "72h", "30m" or "10s"')
  .regex(durationPattern, 'must be a duration with its unit, such as "72h", "30m" or "10s"')
  .transform((value) => ms(value as StringValue));

const person = z.strictObject({ id: text, aliases: z.array(text).default([]) });

const gate = z.strictObject({
  quorum: z.int().min(1),
  approvers: z.array(text).min(1),
  fourEyes: z.boolean(),
  bindEvidence: z.boolean(),
  identity: z.literal('claimed'),
  deadline: duration,
  remindAfter: duration,
  onSilence: z.enum(['expire', 'approve', 'reject']),
});

const azure = z.strictObject({
  subscription: text,
  resourceGroup: text,
  location: text,
  workspaces: z.strictObject({ dev: text, test: text, production: text }),
  registry: text,
  endpointName: text.includes('{plant}', 'must contain {plant}, so that each plant has its own endpoint'),
  deploymentName: text.includes('{circuit}', 'must contain {circuit}, so that each circuit has its own deployment'),
});

const training = z.strictObject({
  command: text,
  code: text,
  environment: text,
  compute: text,
  data: text,
  maxParallel: z.int().min(1).max(100),
  pollEvery: duration,
  timeout: duration,
});

const inference = z.strictObject({
  code: text,
  scoringScript: text,
  environment: text,
  compute: text,
  data: text,
  minimumRows: z.int().min(1),
  pollEvery: duration,
  timeout: duration,
});

const execution = z.strictObject({
  training: z.enum(['native', 'accompany']),
  pipeline: text.optional(),
  modelTags: z.strictObject({ build: text, commit: text }).optional(),
});

const monitoring = z.strictObject({
  for: duration,
  every: duration,
  runbook: duration,
  breachSeverity: z.int().min(0).max(4),
  onBreach: z.enum(['gate', 'rollBack']),
});

const targetName = text.refine(isTargetName, 'must be letters, digits and "-", at most 32, beginning with a letter or digit');

const plant = z.strictObject({ station: text, circuits: z.record(targetName, text) });

const fields = z.strictObject({
  releaseBranch: z.string().regex(/^refs\/heads\/.+/, 'must begin with refs/heads/'),
  settle: duration,
  people: z.array(person).min(1),
  azure,
  azureDevOps: z.strictObject({ project: text }),
  training,
  inference,
  gates: z.strictObject({ stage1: gate, stage3: gate, rollback: gate }),
  execution: execution.default({ training: 'native' }),
  monitoring,
  plants: z.record(targetName, plant),
});

/** The estate once read: durations are milliseconds. */
export type Estate = z.infer<typeof fields>;

type Complain = (path: (string | number)[], message: string) => void;

/** Shape first, then what no shape can say: who exists, who can still approve, what comes before what. */
export const estateSchema = fields.superRefine((estate, context) => {
  const complain: Complain = (path, message) => context.addIssue({ code: 'custom', path, message });
  checkPeople(estate, complain);
  checkGates(estate, complain);
  checkMonitoring(estate, complain);
});

function checkPeople({ people }: Estate, complain: Complain): void {
  const owners = new Map<string, string>();
  people.forEach(({ id, aliases }, index) => {
    [id, ...aliases].forEach((name, position) => {
      const owner = owners.get(name.toLowerCase());
      const path = ['people', index, ...(position === 0 ? ['id'] : ['aliases', position - 1])];
      if (owner !== undefined) complain(path, `"${name}" already names ${owner}; a name belongs to one person`);
      owners.set(name.toLowerCase(), id);
    });
  });
}

function checkGates({ gates, people }: Estate, complain: Complain): void {
  const known = people.map(({ id }) => id);
  for (const [name, { approvers, quorum, fourEyes, deadline, remindAfter }] of Object.entries(gates)) {
    approvers.forEach((approver, index) => {
      if (!known.includes(approver)) complain(['gates', name, 'approvers', index], `"${approver}" is nobody in people; add the person or use the canonical id`);
      if (approvers.indexOf(approver) < index) complain(['gates', name, 'approvers', index], `"${approver}" is listed twice`);
    });
    // Four-eyes may exclude the author and whoever started the run; at least one of them may be an approver.
    const available = new Set(approvers).size - (fourEyes ? 1 : 0);
    if (quorum > available) {
      const when = fourEyes ? ' when one approver asked for the change' : '';
      complain(['gates', name, 'quorum'], `${quorum} approvals can never be reached: ${available} can answer${when}; name more approvers or lower it`);
    }
    if (remindAfter >= deadline) complain(['gates', name, 'remindAfter'], 'must be shorter than the deadline');
  }
}

function checkMonitoring({ monitoring }: Estate, complain: Complain): void {
  if (monitoring.every > monitoring.for) complain(['monitoring', 'every'], 'must not be longer than the window ("for")');
  if (monitoring.every < 1000) complain(['monitoring', 'every'], 'must be at least 1s: Temporal does not repeat a look sooner');
}
