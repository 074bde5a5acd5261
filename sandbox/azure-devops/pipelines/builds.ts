import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import { REPOSITORY, REPOSITORY_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { DEFAULT_BRANCH } from '../git/repository.ts';
import { identityOf } from '../identity.ts';

/** The one pipeline of the project that a client may start. */
export const PIPELINE = { id: 1, name: 'sensor-predictions', folder: '\\', revision: 1 };

/** How long a run without a publication takes by the stand-in's clock. */
const RUN_MS = 5000;
const BUILDS = 'pipeline-runs';

export const runOrderSchema = z.object({
  resources: z.record(z.string(), z.unknown()).default({ repositories: { self: { refName: DEFAULT_BRANCH } } }),
  templateParameters: z.record(z.string(), z.unknown()).default({}),
  variables: z.record(z.string(), z.unknown()).default({}),
});

const publicationSchema = z.strictObject({
  plant: z.string().min(1),
  circuit: z.string().min(1),
  /** `training`: a job trains it with the configuration at the build's commit; `seed`: the seed's model, metrics and log once more. */
  from: z.enum(['training', 'seed']).default('training'),
  /** The next whole number by default. */
  version: z.string().optional(),
  /** Which tags tell where it comes from. */
  tags: z.enum(['build', 'commit', 'both', 'none']).default('both'),
});

/** The body of `POST /_sandbox/builds`. */
export const buildOrderSchema = z.strictObject({
  /** The commit is its merge commit; else `commit`, else the branch's tip. */
  pullRequestId: z.number().int().positive().optional(),
  commit: z.string().optional(),
  branch: z.string().regex(/^refs\//).default(DEFAULT_BRANCH),
  /** Name of the pipeline; another one has another definition id. */
  pipeline: z.string().default(PIPELINE.name),
  requestedBy: z.string().default('dana@example.com'),
  result: z.enum(['succeeded', 'partiallySucceeded', 'failed', 'canceled']).default('succeeded'),
  /** By the stand-in's clock; a build with publications ends when they are done, and not sooner. */
  durationMs: z.number().int().min(0).default(0),
  tags: z.array(z.string()).default([]),
  publish: z.array(publicationSchema).default([]),
  /** Whether the subscribers of service hooks are told. */
  deliver: z.boolean().default(true),
});

export type BuildOrder = z.infer<typeof buildOrderSchema>;
export type Publication = z.infer<typeof publicationSchema>;
export type BuildResult = BuildOrder['result'];

/** A run of a pipeline, which is a build too. */
export interface Build {
  id: number;
  pipeline: { id: number; name: string };
  branch: string;
  commit: string;
  requestedBy: string;
  tags: string[];
  order: z.infer<typeof runOrderSchema>;
  createdDate: string;
  /** It does not end sooner. */
  dueMs: number;
  /** What it ends with, unless its publications fail. */
  planned: BuildResult;
  publish: Publication[];
  /** Set when it has ended. */
  result?: BuildResult;
  finishedDate?: string;
  deliver: boolean;
}

/** The runs of all pipelines. Who makes one also carries it out and ends it. */
export class Builds {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(id: number): Build | undefined {
    return this.#store.get<Build>(BUILDS, String(id));
  }

  /** Newest first. */
  list(): Build[] {
    return this.#store.list<Build>(BUILDS).reverse();
  }

  create(build: Pick<Build, 'branch' | 'commit' | 'requestedBy' | 'planned'> & Partial<Build> & { durationMs?: number }): Build {
    const { durationMs = RUN_MS, pipeline = PIPELINE, ...given } = build;
    const created: Build = {
      order: runOrderSchema.parse({}),
      tags: [],
      publish: [],
      deliver: true,
      ...given,
      id: this.#store.next(BUILDS),
      pipeline: { id: pipeline.id, name: pipeline.name },
      createdDate: this.#clock.iso(),
      dueMs: this.#clock.nowMs() + durationMs,
    };
    this.save(created);
    return created;
  }

  delete(id: number): void {
    this.#store.delete(BUILDS, String(id));
  }

  save(build: Build): void {
    this.#store.put(BUILDS, String(build.id), build);
  }
}

/** Other pipelines than the one that clients may start have ids of their own, by their names. */
export function pipelineOf(name: string): { id: number; name: string } {
  if (name === PIPELINE.name) return PIPELINE;
  return { id: 100 + [...name].reduce((sum, character) => sum + character.charCodeAt(0), 0), name };
}

/** As `_apis/build/builds` shows it. */
export function presentBuild(build: Build, addresses: Addresses): Record<string, unknown> {
  const { id, pipeline, branch, commit, requestedBy, tags, createdDate, result, finishedDate } = build;
  const who = identityOf(requestedBy);
  return {
    _links: { self: { href: addresses.api(`build/Builds/${id}`) }, web: { href: webAddress(build, addresses) } },
    id,
    buildNumber: buildNumber(build),
    status: result === undefined ? 'inProgress' : 'completed',
    ...(result === undefined ? {} : { result, finishTime: finishedDate }),
    queueTime: createdDate,
    startTime: createdDate,
    reason: branch.startsWith('refs/pull/') ? 'pullRequest' : 'individualCI',
    definition: { ...pipeline, path: '\\', type: 'build', project: addresses.project() },
    project: addresses.project(),
    sourceBranch: branch,
    sourceVersion: commit,
    repository: { id: REPOSITORY_ID, name: REPOSITORY, type: 'TfsGit' },
    requestedFor: who,
    requestedBy: who,
    tags,
    uri: `vstfs:///Build/Build/${id}`,
    url: addresses.api(`build/Builds/${id}`),
  };
}

/** As `_apis/pipelines/<id>/runs` shows it. */
export function presentRun({ id, pipeline, order, createdDate, result, finishedDate }: Build, addresses: Addresses): Record<string, unknown> {
  const url = addresses.api(`pipelines/${pipeline.id}/runs/${id}`);
  // A run of partial success is a success to this API.
  const outcome = result === undefined ? { state: 'inProgress' } : { state: 'completed', result: result === 'partiallySucceeded' ? 'succeeded' : result, finishedDate };
  return { _links: { self: { href: url } }, ...order, pipeline: presentPipeline(pipeline, addresses), createdDate, ...outcome, url, id, name: String(id) };
}

export function presentPipeline(pipeline: { id: number; name: string }, addresses: Addresses): Record<string, unknown> {
  return { ...PIPELINE, ...pipeline, url: addresses.api(`pipelines/${pipeline.id}?revision=${PIPELINE.revision}`) };
}

export function buildNumber({ id, createdDate }: Build): string {
  return `${createdDate.slice(0, 10).replaceAll('-', '')}.${id}`;
}

export function webAddress({ id }: Build, addresses: Addresses): string {
  return `${addresses.organisation()}/_build/results?buildId=${id}`;
}
