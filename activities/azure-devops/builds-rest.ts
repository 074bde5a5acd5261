/** The part of Azure DevOps' REST API, version 7.1, that tells of builds. A run of a YAML pipeline is a build of the same id. */
import type { RestClient } from '../http/rest-client.ts';
import type { PullRequestBody } from './rest.ts';

const version = { 'api-version': '7.1' };
/** Builds of a branch in one answer, newest first: the build of a commit is looked for soon after the commit. */
const mostBuilds = 1000;

export interface BuildBody {
  id: number;
  buildNumber: string;
  /** `notStarted`, `postponed`, `inProgress`, `cancelling`, `completed`. */
  status: string;
  /** `succeeded`, `partiallySucceeded`, `failed`, `canceled`; absent while it runs. */
  result?: string;
  sourceBranch: string;
  sourceVersion: string;
  definition: { id: number; name: string };
  repository: { id: string; type?: string };
  tags?: string[];
  queueTime?: string;
  finishTime?: string;
  _links?: { web?: { href: string } };
}

export type BuildsApi = ReturnType<typeof buildsApi>;

/** Calls of one project; each sends one request and throws classified failures. */
export const buildsApi = (rest: RestClient, project: string) => {
  const root = `/${encodeURIComponent(project)}/_apis`;
  const get = async <T>(url: string, query: Record<string, string | number> = {}): Promise<T> => (await rest.send<T>({ method: 'GET', url, query: { ...query, ...version } })).body;

  return {
    build: (id: number) => get<BuildBody>(`${root}/build/builds/${id}`),

    /** Builds of one commit of a branch, newest first. The API has no filter for commits. */
    async buildsOfCommit({ repositoryId, branch, commit }: { repositoryId: string; branch: string; commit: string }): Promise<BuildBody[]> {
      const query = { repositoryId, repositoryType: 'TfsGit', branchName: branch, queryOrder: 'queueTimeDescending', $top: mostBuilds };
      const { value } = await get<{ value: BuildBody[] }>(`${root}/build/builds`, query);
      return value.filter(({ sourceVersion }) => sourceVersion.toLowerCase() === commit.toLowerCase());
    },

    /** Builds of a branch that have ended since then, the newest first. */
    async endedBuilds({ branch, since, top }: { branch: string; since: string; top: number }): Promise<BuildBody[]> {
      // What minTime is compared with follows from the order.
      return (await get<{ value: BuildBody[] }>(`${root}/build/builds`, { branchName: branch, statusFilter: 'completed', queryOrder: 'finishTimeDescending', minTime: since, $top: top })).value;
    },

    /** Pull requests whose last merge made this commit, whatever their status. */
    async pullRequestsOfMerge(repositoryId: string, commit: string): Promise<PullRequestBody[]> {
      const url = `${root}/git/repositories/${encodeURIComponent(repositoryId)}/pullrequestquery`;
      const body = { queries: [{ type: 'lastMergeCommit', items: [commit] }] };
      // A query that is posted because it may be long: it changes nothing.
      const { results } = (await rest.send<{ results?: Record<string, PullRequestBody[]>[] }>({ method: 'POST', url, query: version, body })).body;
      const found = (results ?? []).flatMap((result) => Object.entries(result).flatMap(([of, pullRequests]) => (of.toLowerCase() === commit.toLowerCase() ? pullRequests : [])));
      return [...new Map(found.map((each) => [each.pullRequestId, each])).values()];
    },
  };
};
