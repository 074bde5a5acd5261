/** Builds of a pipeline that Holdpoint accompanies: what is read of them, and which model versions are theirs. */

/** A finished build. */
export interface FinishedBuild {
  id: number;
  /** As people call it, such as `20261121.3`. */
  number: string;
  /** Name of its pipeline. */
  pipeline: string;
  /** `succeeded`, `partiallySucceeded`, `failed` or `canceled`. */
  result: string;
  url: string | null;
}

/** Where a build comes from. `unknown` may become one of the others. */
export type BuildOrigin =
  | { kind: 'change'; repositoryId: string; pullRequestId: number; buildId: number; result: string }
  | { kind: 'ignored'; reason: string }
  | { kind: 'unknown'; reason: string };

/** A model version that a build published. */
export interface PublishedVersion {
  version: string;
  /** Azure ML job that trained it, in the dev workspace. */
  trainingJob: string | null;
}

/** Names of the tags of a model version that tell its build (the build's id) and its commit. */
export interface ModelTags {
  build: string;
  commit: string;
}

/** What build pipelines write unless the estate says otherwise. */
export const defaultModelTags: ModelTags = { build: 'build_id', commit: 'commit' };

/** Whether what a build published may be released. */
export function isUsable({ result }: Pick<FinishedBuild, 'result'>): boolean {
  return result === 'succeeded' || result === 'partiallySucceeded';
}

/** The newest build of each pipeline: a failed one that was queued again is forgotten. */
export function newestOfEachPipeline<B extends { id: number; definition: { id: number } }>(builds: readonly B[]): B[] {
  const newest = new Map<number, B>();
  for (const build of builds) {
    const known = newest.get(build.definition.id);
    if (known === undefined || build.id > known.id) newest.set(build.definition.id, build);
  }
  return [...newest.values()].sort((left, right) => left.id - right.id);
}

/**
 * Which of a model's versions the builds published: the newest whose build tag names one of them, else the newest that names no build but the commit. A version of another build of
 * the same commit, such as one that failed afterwards, is not theirs.
 */
export function publishedBy<V extends { tags: Record<string, string>; createdAt: number }>(versions: readonly V[], { builds, commit, tags }: { builds: readonly number[]; commit: string; tags: ModelTags }): V | undefined {
  const newestFirst = [...versions].sort((left, right) => right.createdAt - left.createdAt);
  const ids = builds.map(String);
  return newestFirst.find((each) => ids.includes(each.tags[tags.build]?.trim() ?? '')) ?? newestFirst.find((each) => each.tags[tags.build] === undefined && each.tags[tags.commit]?.toLowerCase() === commit.toLowerCase());
}
