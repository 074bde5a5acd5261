/** The part of Azure DevOps' REST API, version 7.1, that runs a stage of a YAML pipeline's run again. A run is a build of the same number; scope `vso.build_execute`. */
import type { RestClient } from '../http/rest-client.ts';
import type { BuildBody } from './builds-rest.ts';
import type { TimelineRecord } from './check-rest.ts';

const version = { 'api-version': '7.1' };
/** Runs of one tag in one answer, newest first: each one's timeline is a request of its own. */
const mostRuns = 10;

/** A record of a run's timeline. The timeline shows the last attempt of each stage, and names where the ones before are. */
export interface StageRecord extends TimelineRecord {
  previousAttempts?: { attempt: number; recordId: string; timelineId: string }[];
}

export type PipelineRunsApi = ReturnType<typeof pipelineRunsApi>;

/** Calls of one project; each sends one request and throws classified failures. */
export const pipelineRunsApi = (rest: RestClient, project: string) => {
  const root = `/${encodeURIComponent(project)}/_apis/build`;
  const get = async <T>(url: string, query: Record<string, string | number> = {}): Promise<T> => (await rest.send<T>({ method: 'GET', url: `${root}/${url}`, query: { ...query, ...version } })).body;

  return {
    /** Numbers of the pipelines of this name: there is one in each folder at most. */
    async pipelines(name: string): Promise<number[]> {
      const { value } = await get<{ value: { id: number; name: string }[] }>('definitions', { name });
      return value.filter((found) => found.name.toLowerCase() === name.toLowerCase()).map(({ id }) => id);
    },

    /** Runs of these pipelines that carry a tag, newest first. Those that retention has deleted are not told. */
    async tagged(pipelines: readonly number[], tag: string): Promise<BuildBody[]> {
      return (await get<{ value: BuildBody[] }>('builds', { definitions: pipelines.join(','), tagFilters: tag, queryOrder: 'queueTimeDescending', deletedFilter: 'excludeDeleted', $top: mostRuns })).value;
    },

    run: (runId: number) => get<BuildBody>(`builds/${runId}`),

    /** What of the run's timeline, or of that of an earlier attempt, is a stage, or waits before one. Empty where there is none (204), as of a run that is deleted and not yet destroyed. */
    async timeline(runId: number, timelineId?: string): Promise<StageRecord[]> {
      const found = await get<{ records?: StageRecord[] } | null>(`builds/${runId}/timeline${timelineId === undefined ? '' : `/${encodeURIComponent(timelineId)}`}`);
      return (found?.records ?? []).filter(({ type }) => type === 'Stage' || type.startsWith('Checkpoint'));
    },

    /** Adds a tag; one that is there already stays. */
    async tag(runId: number, tag: string): Promise<void> {
      await rest.send({ method: 'POST', url: `${root}/builds/${runId}/tags`, query: version, body: [tag] });
    },

    /**
     * `retry` runs all jobs of the stage once more, and no stage that depends on it (the release notes of sprint 235; a server that does not know `retryDependencies` yet runs those too);
     * `cancel` stops it. Nothing is answered.
     */
    async updateStage(runId: number, stageRef: string, state: 'retry' | 'cancel'): Promise<void> {
      await rest.send({ method: 'PATCH', url: `${root}/builds/${runId}/stages/${encodeURIComponent(stageRef)}`, query: version, body: { state, ...(state === 'retry' && { forceRetryAllJobs: true, retryDependencies: false }) } });
    },
  };
};
