/** What a story file may say: how the world is, who answers what and when, what fails, what happens, what comes of it. Times without a date count from the start of the run, by the simulated clock. */
import { z } from 'zod';
import { duration } from '../../activities/estate/durations.ts';
import { oneOrMore } from '../../activities/estate/one-or-more.ts';
import { incidentActions } from '../../workflows/domain/incident-message.ts';
import { verdicts } from '../../workflows/domain/answer.ts';
import { expectationSchema } from './expectation.ts';
import { sceneSchema } from './scene.ts';
import { batchJobField } from './scenes/batch-job.ts';
import { readingsField } from './scenes/predictions.ts';
import { servingField } from './scenes/serving.ts';
import { expression, fields, filesField, label, oneOf, percent, sinceStart, stopScope, text, whole } from './story-pieces.ts';

const span = z.strictObject({ from: duration.default(0), until: duration }).refine(({ from, until }) => until > from, { path: ['until'], message: 'must be later than from' });

/** The paths of the platforms at the stand-in. */
export const platforms = {
  'azure-ml': '/Microsoft\\.MachineLearningServices/workspaces/',
  registry: '/Microsoft\\.MachineLearningServices/registries/',
  inference: '^/scoring/',
  mlflow: '^/mlflow/',
  blobs: '^/mlplatformstore/',
  alerts: '/Microsoft\\.AlertsManagement/',
  'azure-devops': '^/ado/',
  chat: '^/chat/',
} as const;

/** What the jobs' workspaces and names begin with. */
export const jobKinds = { training: '^dev-ml-workspace/', inference: '^test-ml-workspace/', production: '^prod-ml-workspace/' } as const;

const answer = z
  .strictObject({
    /** `review`: the review of a pull request, answered by a vote on its page. */
    gate: text(100),
    verdict: oneOf(verdicts),
    /** Since the gate opened. */
    after: duration.default(0),
    /** Since the run's start; no sooner. Before it: what releases that wait then are answered. */
    at: sinceStart.optional(),
    comment: text(2000).optional(),
    to: text(200).optional(),
    /** Of a delegation or a deferral, counted from the answer. */
    until: duration.optional(),
    incident: text(200).optional(),
    item: text(200).optional(),
    except: z.array(label, 'must be a list of circuits').optional(),
  })
  .refine(({ verdict, comment }) => verdict !== 'reject' || comment !== undefined, { path: ['comment'], message: 'is missing: a rejection says why' })
  .refine(({ verdict, to }) => verdict !== 'delegate' || to !== undefined, { path: ['to'], message: 'is missing: say who decides instead' });

/** What somebody does in an incident. */
const act = z.strictObject({ at: duration, action: oneOf(incidentActions), comment: text(1000).optional(), severity: text(2).optional(), role: text(40).optional(), person: text(200).optional() });

const person = z.strictObject({
  who: text(200),
  asleep: oneOrMore(span).optional(),
  /** Answers only while the person's calendar in the estate says that the person is at work. */
  keepsHours: z.boolean('must be true or false').default(false),
  answers: z.array(answer, 'must be a list of answers').default([]),
  acts: z.array(act, 'must be a list of acts').default([]),
});

const fault = z
  .strictObject({
    platform: oneOf(Object.keys(platforms) as [keyof typeof platforms]).optional(),
    path: expression.optional(),
    method: text(20).optional(),
    /** The status that is answered. */
    answers: z.int('must be an HTTP status such as 429').min(400, 'must be 400 to 599').max(599, 'must be 400 to 599').optional(),
    retryAfter: duration.optional(),
    /** The request is done, its answer never comes. */
    noAnswer: z.literal(true, 'must be true, or be left out').optional(),
    from: duration.optional(),
    until: duration.optional(),
    /** From the first request that it meets. */
    for: duration.optional(),
    calls: whole.optional(),
    skip: whole.optional(),
  })
  .refine(({ platform, path }) => (platform === undefined) !== (path === undefined), { path: ['platform'], message: 'name the platform, or give a path, and not both' })
  .refine(({ answers, noAnswer }) => (answers === undefined) !== (noAnswer === undefined), { path: ['answers'], message: 'give the status that is answered, or noAnswer: true, and not both' })
  .refine(({ until, for: length, calls }) => [until, length, calls].some((end) => end !== undefined), { path: ['for'], message: 'say when it ends: for, until or calls' });

const job = z.strictObject({
  /** Which jobs: all by default. */
  of: oneOf(Object.keys(jobKinds) as [keyof typeof jobKinds]).optional(),
  takes: duration,
  dies: z.strictObject({ at: percent, message: text(1000).default('Execution failed. User process was ended by a signal (SIGKILL): the node ran out of memory.') }).optional(),
  times: z.int('must be a whole number').min(1, 'must be 1 or more').optional(),
});

const happenings = {
  /** `told`: comes in at the receiver, which tells the run, before the run has seen it itself. */
  alert: z.strictObject({ target: label, rule: text(200), severity: z.int('must be 0 to 4').min(0, 'must be 0 to 4').max(4, 'must be 0 to 4').default(1), resolved: z.boolean().default(false), told: z.boolean().default(false) }),
  estate: fields('the estate'),
  cancel: text(1000),
  worker: z.literal('restart', 'must be restart'),
  /** The schedule's next job. */
  batchJob: z.strictObject({ target: batchJobField.shape.target, dataUri: text(2000).optional() }),
  /** The readings become others once more: what was moved is moved back, by whoever mends the pipeline. */
  readings: readingsField,
  /** Somebody brings another version of a circuit's model into production. */
  serving: servingField,
  /** What somebody does with the run's pull request on its page. */
  pullRequest: z.strictObject({ is: oneOf(['merged', 'abandoned']), by: text(200) }),
  /** Another pull request is merged into the release branch. */
  merge: z.strictObject({ by: text(200), files: filesField }),
  /** A newer version of the circuit is released: of another change, trained before the story begins. */
  release: z.strictObject({ target: label.default('P001/C001') }),
  /** Somebody rolls the circuit back. */
  rollback: z.strictObject({ target: label.default('P001/C001'), by: text(200), reason: text(1000), to: text(100).optional() }),
  /** Somebody stops releases before production, and lifts that again. */
  stop: z.strictObject({ scope: stopScope, by: text(200), reason: text(300) }),
  lift: z.strictObject({ scope: stopScope, by: text(200) }),
  /** Somebody asks that the run go on in spite of the freeze that holds it. */
  override: z.strictObject({ by: text(200), reason: text(300) }),
};

/** What can only happen while the run goes on. */
const ofTheRun = ['cancel', 'worker', 'pullRequest', 'override'] as const;

const event = z
  .strictObject({ at: sinceStart, ...z.object(happenings).partial().shape })
  .refine((given) => Object.keys(given).length === 2, { message: `must have at and exactly one of ${Object.keys(happenings).join(', ')}` })
  .refine((given) => given.at >= 0 || !ofTheRun.some((name) => given[name] !== undefined), { path: ['at'], message: 'must not be before the run begins' });

/** The build of a merged change, where a pipeline trains: how long after the run's start it ends, and how. */
const changeBuild = z.strictObject({ ends: duration.default(0), result: oneOf(['succeeded', 'failed']).default('succeeded'), publishes: z.boolean().default(true) });

export const storySchema = z.strictObject(
  {
    title: text(200),
    /** When the run starts, by the simulated clock. */
    start: z.iso.datetime({ offset: true, error: 'must be an instant such as "2031-03-03T09:00:00-08:00"' }).default('2031-03-03T09:00:00-08:00'),
    /** The run's input, or the part of it that is not the stand-in's to know. */
    input: fields('the input').default({}),
    /** How the world is before the run. */
    scene: sceneSchema.default({}),
    /** The merged pull request whose model is released. */
    change: z
      .strictObject({ title: text(400), author: text(200), circuits: z.array(label, 'must be a list of circuits').min(1, 'must name at least one circuit'), files: filesField, into: text(200), build: changeBuild, releasedBy: text(300) })
      .partial()
      .default({}),
    /** Releases that wait at Stage 1, and for how long they have when the run starts. */
    waiting: z.strictObject({ releases: z.array(label, 'must be a list of circuits').default([]), for: duration.default(0) }).prefault({}),
    startedBy: text(200).optional(),
    /** Laid over the demo's estate: objects are merged, null takes away what is there, everything else is replaced. */
    estate: fields('the estate').default({}),
    people: z.array(person, 'must be a list of people').default([]),
    jobs: z.array(job, 'must be a list of jobs').default([]),
    faults: z.array(fault, 'must be a list of faults').default([]),
    events: z.array(event, 'must be a list of events').default([]),
    /** Whether service hooks of Azure DevOps reach the receiver. */
    hooks: oneOf(['come', 'missed']).default('missed'),
    /** Runbooks that the run starts are followed to their end, or are told of and left alone. */
    children: oneOf(['followed', 'left']).default('followed'),
    /** Given up then, since the start. */
    until: duration.default(30 * 24 * 3_600_000),
    /** What makes it the story that is told here. */
    expect: expectationSchema.prefault('succeeded'),
  },
  'must be a story: title, scene, people, jobs, faults, events, expect',
);

export type Story = z.output<typeof storySchema>;
export type StoryPerson = Story['people'][number];
export type StoryAnswer = StoryPerson['answers'][number];
export type StoryAct = StoryPerson['acts'][number];
export type StoryFault = Story['faults'][number];
export type StoryChange = Story['change'];
export type StoryEvent = Story['events'][number];
