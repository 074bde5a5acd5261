/** The part of Azure DevOps' REST API, version 7.1, that checks of pipeline stages need. Any project of the configured organisation: the project comes with the check. */
import type { RestClient, RestRequest } from '../http/rest-client.ts';
import type { CheckAddress } from '../../workflows/domain/stage-check.ts';
import type { PullRequestBody } from './rest.ts';

const version = { 'api-version': '7.1' };

export interface BuildBody {
  id: number;
  buildNumber: string;
  status: string;
  result?: string;
  definition: { id: number; name: string };
  sourceBranch: string;
  sourceVersion: string;
  requestedFor?: { uniqueName?: string; displayName?: string };
  repository: { id: string; type: string };
  url: string;
  _links?: { web?: { href: string } };
}

/** A record of a build's timeline, or of a plan's. */
export interface TimelineRecord {
  id: string;
  parentId: string | null;
  type: string;
  name?: string | null;
  /** Of a stage: its name in the YAML. */
  identifier?: string | null;
  attempt?: number;
  state: 'pending' | 'inProgress' | 'completed';
  result?: string | null;
  log?: { id: number } | null;
}

export interface DeploymentRecordBody {
  stageName: string;
  owner: { id: number; name: string };
  result?: string;
  finishTime?: string;
}

export type CheckApi = ReturnType<typeof checkApi>;

/** Calls with the product's own credential; each sends one request and throws classified failures. */
export const checkApi = (rest: RestClient) => {
  const get = async <T>(projectId: string, path: string, query: Record<string, string | number> = version): Promise<T> => (await rest.send<T>({ method: 'GET', url: `/${encodeURIComponent(projectId)}/_apis/${path}`, query })).body;
  return {
    build: (projectId: string, buildId: number) => get<BuildBody>(projectId, `build/builds/${buildId}`),
    timeline: async (projectId: string, buildId: number) => (await get<{ records: TimelineRecord[] } | null>(projectId, `build/builds/${buildId}/timeline`))?.records ?? [],
    changes: async (projectId: string, buildId: number) => (await get<{ value: { id: string; message?: string; author?: { uniqueName?: string; displayName?: string } }[] }>(projectId, `build/builds/${buildId}/changes`, { ...version, $top: 50 })).value,
    testRuns: async (projectId: string, buildId: number) => (await get<{ value: { totalTests: number; passedTests: number }[] }>(projectId, 'test/runs', { ...version, buildUri: `vstfs:///Build/Build/${buildId}`, includeRunDetails: 'true' })).value,
    /** Newest first. */
    deployments: async (projectId: string, environmentId: number) => (await get<{ value: DeploymentRecordBody[] }>(projectId, `distributedtask/environments/${environmentId}/environmentdeploymentrecords`, { ...version, top: 25 })).value,
    /** Pull requests whose merge made the commit. */
    async pullRequestsOf(projectId: string, repositoryId: string, commit: string): Promise<PullRequestBody[]> {
      const body = { queries: [{ type: 'lastMergeCommit', items: [commit] }] };
      const url = `/${encodeURIComponent(projectId)}/_apis/git/repositories/${encodeURIComponent(repositoryId)}/pullrequestquery`;
      const answer = await rest.send<{ results: Record<string, PullRequestBody[]>[] }>({ method: 'POST', url, query: version, body });
      return answer.body.results.flatMap((found) => found[commit] ?? []);
    },
  };
};

export type PlanApi = ReturnType<typeof planApi>;

/** Calls to the plan that a check belongs to; `authorization` is the job's token, or nothing where the client brings the service's own credential. */
export const planApi = (rest: RestClient, { projectId, hub, planId, timelineId, jobId, taskInstanceId }: CheckAddress, authorization?: string) => {
  const plan = `/${encodeURIComponent(projectId)}/_apis/distributedtask/hubs/${encodeURIComponent(hub)}/plans/${encodeURIComponent(planId)}`;
  const records = `${plan}/timelines/${encodeURIComponent(timelineId)}/records`;
  const send = async <T>(request: Omit<RestRequest, 'query'>): Promise<T> => (await rest.send<T>({ ...request, query: version, ...(authorization !== undefined && { headers: { authorization } }) })).body;
  return {
    /** The check's own record; null when the plan has none of that id. */
    async record(): Promise<TimelineRecord | null> {
      const { value } = await send<{ value: TimelineRecord[] }>({ method: 'GET', url: records });
      return value.find(({ id }) => id.toLowerCase() === taskInstanceId.toLowerCase()) ?? null;
    },
    /** Ends the check. */
    complete: (result: 'succeeded' | 'failed') => send<unknown>({ method: 'POST', url: `${plan}/events`, body: { name: 'TaskCompleted', taskId: taskInstanceId, jobId, result } }),
    createLog: async (path: string) => (await send<{ id: number }>({ method: 'POST', url: `${plan}/logs`, body: { path } })).id,
    appendLog: (logId: number, text: string) => send<unknown>({ method: 'POST', url: `${plan}/logs/${logId}`, text, contentType: 'application/octet-stream' }),
    attachLog: (logId: number) => send<unknown>({ method: 'PATCH', url: records, body: { value: [{ id: taskInstanceId, log: { id: logId } }], count: 1 } }),
  };
};
