/** The shape of the estate file. What each field means stands in the header of `estate/demo.yml`. */
import { z } from 'zod';
import { isTargetName } from '../../workflows/domain/ids.ts';
import { severities } from '../../workflows/domain/vocabulary.ts';
import { alertsSchema, checkAlerts } from './alerts-schema.ts';
import { calendar } from './calendar-schema.ts';
import { changesSchema } from './change-rules.ts';
import { checkMachineItems } from './check-checklists.ts';
import { checkGates, checkNames } from './check-gates.ts';
import { checkPeople } from './check-people.ts';
import type { Complain } from './complaints.ts';
import { checkDrift, driftSchema } from './drift-schema.ts';
import { duration } from './durations.ts';
import { checkFreezes, freezesSchema } from './freeze-schema.ts';
import { gateDefaultsEntry, gateNames, gatePart } from './gate-schema.ts';
import { checkIncidents, incidentsSchema } from './incident-schema.ts';
import { group, person } from './people-schema.ts';
import { trainingFailures } from './failure-rules.ts';
import { checkRecovery, recovery } from './recovery-schema.ts';
import { deployingStage, mustNameOne, namesOne, redeploy } from './redeploy-schema.ts';
import { checkAddresses, notificationsSchema } from './notifications-schema.ts';
import { checkSchedules, schedulesSchema } from './schedules-schema.ts';

const text = z.string().min(1);

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

const monitoring = z.strictObject({
  for: duration,
  every: duration,
  runbook: duration,
  rollback: duration.default(3_600_000),
  breachSeverity: z.int().min(0).max(4),
  onBreach: z.enum(['gate', 'rollBack']),
});

const gates = z.strictObject({ stage1: gatePart.default({}), stage3: gatePart.default({}), rollback: gatePart.default({}) });

const targetName = text.refine(isTargetName, 'must be letters, digits and "-", at most 32, beginning with a letter or digit');

const severity = z.enum(severities);

const execution = z.strictObject({
  training: z.enum(['native', 'accompany']),
  pipeline: text.optional(),
  modelTags: z.strictObject({ build: text, commit: text }).optional(),
  redeploy: redeploy.optional(),
});

/** The column alone, or with what else differs from the plant's other circuits. */
const circuit = z.preprocess(
  (value) => (typeof value === 'string' ? { column: value } : value),
  z.strictObject({ column: text, severity: severity.optional(), execution: execution.optional() }, 'must be the column of the readings, or {column, severity, execution}'),
);

const plant = z.strictObject({
  station: text,
  severity: severity.optional(),
  execution: execution.optional(),
  gates: gates.partial().optional(),
  circuits: z.record(targetName, circuit),
});

/** An address without a slash at the end. */
const address = z.url('must be an address such as https://holdpoint.example.com').transform((url) => url.replace(/\/+$/, ''));

/** Stages of pipelines that ask by a check: by which gate, for which environment. An environment that is not named has the gate of Stage 3 at the ordinary severity. */
const stages = z.strictObject({
  watchEvery: duration.default(300_000),
  environments: z.record(text, z.strictObject({ gate: z.enum(gateNames).default('stage3'), severity: severity.default('P2') })).default({}),
});

/** Whose approvals on Azure DevOps' pages count for a gate: of one stage, by name, of a pipeline or of a classic release, by name or by number. */
const approval = z
  .strictObject({ gate: z.enum(gateNames), ...deployingStage })
  .refine(namesOne, mustNameOne);

const fields = z.strictObject({
  inbox: address.optional(),
  releaseBranch: z.string().regex(/^refs\/heads\/.+/, 'must begin with refs/heads/'),
  settle: duration,
  calendars: z.record(text, calendar).default({}),
  people: z.array(person).min(1),
  groups: z.record(text, group).default({}),
  escalation: z.record(text, text).default({}),
  azure,
  azureDevOps: z.strictObject({ project: text, repositories: z.array(text).min(1, 'must name at least one, or be left out').optional(), stages: stages.default({ watchEvery: 300_000, environments: {} }), approvals: z.array(approval).optional() }),
  training,
  inference,
  execution: execution.default({ training: 'native' }),
  approvalPer: z.enum(['circuit', 'change']).default('circuit'),
  supersede: z.enum(['retire', 'keep']).default('retire'),
  gateDefaults: z.array(gateDefaultsEntry).default([]),
  gates,
  monitoring,
  recovery: recovery.prefault({}),
  trainingFailures: trainingFailures.prefault({}),
  plants: z.record(targetName, plant),
  notifications: notificationsSchema.optional(),
  alerts: alertsSchema.optional(),
  incidents: incidentsSchema.optional(),
  freezes: freezesSchema,
  drift: driftSchema.prefault({}),
  schedules: schedulesSchema,
  changes: changesSchema.default({ review: {}, pollEvery: 300_000, mergeBy: 'holdpoint' }),
});

/** The estate once read: durations are milliseconds. */
export type Estate = z.infer<typeof fields>;

/** Shape first, then what no shape can say: who exists, who can still approve, what comes before what. */
export const estateSchema = fields.superRefine((estate, context) => {
  const complain: Complain = (path, message) => context.addIssue({ code: 'custom', path, message });
  checkPeople(estate, complain);
  checkGates(estate, complain);
  checkNames(estate, ['changes', 'review'], estate.changes.review, complain);
  checkMachineItems(estate, complain);
  checkMonitoring(estate, complain);
  checkRecovery(estate, complain);
  checkDrift(estate, complain);
  checkAddresses(estate, complain);
  checkAlerts(estate, complain);
  checkIncidents(estate, complain);
  checkFreezes(estate, complain);
  checkSchedules(estate, complain);
});

function checkMonitoring({ monitoring }: Estate, complain: Complain): void {
  if (monitoring.every > monitoring.for) complain(['monitoring', 'every'], 'must not be longer than the window ("for")');
  if (monitoring.every > monitoring.rollback) complain(['monitoring', 'rollback'], 'must not be shorter than the time between two looks ("every")');
  if (monitoring.every < 1000) complain(['monitoring', 'every'], 'must be at least 1s: Temporal does not repeat a look sooner');
}
