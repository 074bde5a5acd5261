/** What a story file may say: who answers what and when, what fails, what happens. Times without a date count from the start of the run, by the simulated clock. */
import { z } from 'zod';
import { duration } from '../../activities/estate/durations.ts';
import { oneOrMore } from '../../activities/estate/one-or-more.ts';
import { isRegularExpression } from '../../sandbox/core/faults.ts';
import { verdicts } from '../../workflows/domain/answer.ts';
import type { Outcome } from '../../workflows/domain/vocabulary.ts';

const outcomes = ['succeeded', 'rejected', 'expired', 'failed', 'aborted'] as const satisfies Outcome[];
const text = (most: number) => z.string('must be a text').trim().min(1, 'must not be empty').max(most, `must have at most ${most} characters`);
const whole = z.int('must be a whole number').min(0, 'must be 0 or more');
const share = 'must be a share such as "80%"';
const percent = z.string(share).regex(/^(100|\d\d?)%$/, share).transform((value) => Number(value.slice(0, -1)) / 100);
const expression = text(500).refine(isRegularExpression, 'must be a regular expression');
const label = z.string('must be a text').regex(/^[A-Za-z0-9-]+\/[A-Za-z0-9-]+$/, 'must be <plant>/<circuit>, such as P001/C001');
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
export const jobKinds = { training: '^dev-ml-workspace/', inference: '^test-ml-workspace/' } as const;

const answer = z
  .strictObject({
    gate: text(100),
    verdict: z.enum(verdicts, `must be one of ${verdicts.join(', ')}`),
    /** Since the gate opened. */
    after: duration.default(0),
    /** Since the run's start; no sooner. */
    at: duration.optional(),
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

const person = z.strictObject({
  who: text(200),
  asleep: oneOrMore(span).optional(),
  /** Answers only while the person's calendar in the estate says that the person is at work. */
  keepsHours: z.boolean('must be true or false').default(false),
  answers: z.array(answer, 'must be a list of answers').default([]),
});

const fault = z
  .strictObject({
    platform: z.enum(Object.keys(platforms) as [keyof typeof platforms], `must be one of ${Object.keys(platforms).join(', ')}`).optional(),
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
  of: z.enum(Object.keys(jobKinds) as [keyof typeof jobKinds], `must be one of ${Object.keys(jobKinds).join(', ')}`).optional(),
  takes: duration,
  dies: z.strictObject({ at: percent, message: text(1000).default('Execution failed. User process was ended by a signal (SIGKILL): the node ran out of memory.') }).optional(),
  times: z.int('must be a whole number').min(1, 'must be 1 or more').optional(),
});

const event = z
  .strictObject({
    at: duration,
    alert: z.strictObject({ target: label, rule: text(200), severity: z.int('must be 0 to 4').min(0, 'must be 0 to 4').max(4, 'must be 0 to 4').default(1), resolved: z.boolean().default(false) }).optional(),
    estate: z.record(z.string(), z.unknown(), 'must hold fields of the estate').optional(),
    cancel: text(1000).optional(),
  })
  .refine((given) => Object.keys(given).length === 2, { message: 'must have at and exactly one of alert, estate, cancel' });

export const storySchema = z.strictObject(
  {
    title: text(200),
    /** When the run starts, by the simulated clock. */
    start: z.iso.datetime({ offset: true, error: 'must be an instant such as "2031-03-03T09:00:00-08:00"' }).default('2031-03-03T09:00:00-08:00'),
    /** The merged pull request whose model is released. */
    change: z
      .strictObject({ title: text(400), author: text(200), circuits: z.array(label, 'must be a list of circuits').min(1, 'must name at least one circuit'), files: z.record(text(400), z.string('must be the text of a file')) })
      .partial()
      .default({}),
    startedBy: text(200).optional(),
    /** Laid over the demo's estate: objects are merged, everything else is replaced. */
    estate: z.record(z.string(), z.unknown(), 'must hold fields of the estate').default({}),
    people: z.array(person, 'must be a list of people').default([]),
    jobs: z.array(job, 'must be a list of jobs').default([]),
    faults: z.array(fault, 'must be a list of faults').default([]),
    events: z.array(event, 'must be a list of events').default([]),
    /** Given up then, since the start. */
    until: duration.default(30 * 24 * 3_600_000),
    /** The outcome with which the story is told as it should be. */
    expect: z.enum(outcomes, `must be one of ${outcomes.join(', ')}`).default('succeeded'),
  },
  'must be a story: title, people, jobs, faults, events',
);

export type Story = z.output<typeof storySchema>;
export type StoryPerson = Story['people'][number];
export type StoryAnswer = StoryPerson['answers'][number];
export type StoryFault = Story['faults'][number];
export type StoryEvent = Story['events'][number];
