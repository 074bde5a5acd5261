/**
 * The part of Azure DevOps' REST API, version 7.1, that this product calls. `azure-devops-node-api` is not used: it brings its own HTTP stack, past this product's time-outs,
 * certificates and error classes.
 */
import type { RestClient } from '../http/rest-client.ts';

const version = { 'api-version': '7.1' };

export interface PullRequestBody {
  pullRequestId: number;
  status: 'active' | 'abandoned' | 'completed' | 'notSet';
  mergeStatus?: string;
  title: string;
  description?: string;
  targetRefName: string;
  createdBy: { uniqueName: string };
  repository: { id: string; name: string };
  /** Address of the REST API, not of the page. */
  url: string;
  lastMergeCommit?: { commitId: string };
  lastMergeSourceCommit?: { commitId: string };
  /** When it was completed or abandoned. */
  closedDate?: string;
  /** Who completed or abandoned it. */
  closedBy?: { uniqueName: string };
  /** `vote`: 10, 5, 0, -5 or -10. */
  reviewers?: { uniqueName?: string; vote: number; isContainer?: boolean }[];
  /** Tip of the target branch that it was merged into. */
  lastMergeTargetCommit?: { commitId: string };
}

export interface FileChange {
  /** One or more of add, edit, delete, rename …, separated by commas. */
  changeType: string;
  item: { path?: string; isFolder?: boolean };
  originalPath?: string;
}

export interface CommentThread {
  id: number;
  /** `active`, `closed`, … */
  status?: string;
  isDeleted?: boolean;
  comments: { content?: string | null }[];
}

export interface WorkItemBody {
  id: number;
  url: string;
  _links?: { html?: { href: string } };
}

export interface JsonPatchOperation {
  op: 'add' | 'replace' | 'test';
  path: string;
  value: unknown;
}

export type AzureDevOpsApi = ReturnType<typeof azureDevOpsApi>;

/** Calls of one project; each sends one request and throws classified failures. */
export const azureDevOpsApi = (rest: RestClient, project: string) => {
  const root = `/${encodeURIComponent(project)}/_apis`;
  const pullRequestPath = (repositoryId: string, id: number): string => `${root}/git/repositories/${encodeURIComponent(repositoryId)}/pullRequests/${id}`;
  const get = async <T>(url: string, query: Record<string, string | number> = {}): Promise<T> => {
    const { body } = await rest.send<T>({ method: 'GET', url, query: { ...query, ...version } });
    return body;
  };

  return {
    pullRequest: (repositoryId: string, id: number) => get<PullRequestBody>(pullRequestPath(repositoryId, id)),

    /** Pull requests into a branch that were completed since then, one page of them. The repository by id or name. */
    async completedPullRequests(repository: string, { branch, closedSince, skip, top }: { branch: string; closedSince: string; skip: number; top: number }): Promise<PullRequestBody[]> {
      const criteria = { 'searchCriteria.status': 'completed', 'searchCriteria.targetRefName': branch, 'searchCriteria.queryTimeRangeType': 'closed', 'searchCriteria.minTime': closedSince };
      return (await get<{ value: PullRequestBody[] }>(`${root}/git/repositories/${encodeURIComponent(repository)}/pullRequests`, { ...criteria, $skip: skip, $top: top })).value;
    },

    /** Numbers of the pull request's pushes, oldest first. */
    async iterations(repositoryId: string, id: number): Promise<number[]> {
      const { value } = await get<{ value: { id: number }[] }>(`${pullRequestPath(repositoryId, id)}/iterations`);
      return value.map((iteration) => iteration.id).sort((left, right) => left - right);
    },

    /** Everything that differs from the target branch as it was, all pages. */
    async changes(repositoryId: string, id: number, iteration: number): Promise<FileChange[]> {
      const found: FileChange[] = [];
      for (let skip = 0, top = 500; top > 0; ) {
        const url = `${pullRequestPath(repositoryId, id)}/iterations/${iteration}/changes`;
        const page = await get<{ changeEntries?: FileChange[]; nextSkip?: number; nextTop?: number }>(url, { $top: top, $skip: skip });
        found.push(...(page.changeEntries ?? []));
        [skip, top] = [page.nextSkip ?? 0, page.nextTop ?? 0];
      }
      return found;
    },

    /** Text of a file at a commit. */
    async fileAt(repositoryId: string, path: string, commit: string): Promise<string> {
      const query = { path, includeContent: 'true', $format: 'json', 'versionDescriptor.version': commit, 'versionDescriptor.versionType': 'commit' };
      const { content } = await get<{ content?: string }>(`${root}/git/repositories/${encodeURIComponent(repositoryId)}/items`, query);
      return content ?? '';
    },

    /** Messages of the commits that a pull request adds. */
    async commitMessages(repositoryId: string, id: number): Promise<string[]> {
      return (await get<{ value: { comment: string }[] }>(`${pullRequestPath(repositoryId, id)}/commits`)).value.map(({ comment }) => comment);
    },

    async threads(repositoryId: string, id: number): Promise<CommentThread[]> {
      return (await get<{ value: CommentThread[] }>(`${pullRequestPath(repositoryId, id)}/threads`)).value;
    },

    async createThread(repositoryId: string, id: number, content: string): Promise<CommentThread> {
      const body = { comments: [{ parentCommentId: 0, content, commentType: 'text' }], status: 'active' };
      return (await rest.send<CommentThread>({ method: 'POST', url: `${pullRequestPath(repositoryId, id)}/threads`, query: version, body })).body;
    },

    async closeThread(repositoryId: string, id: number, threadId: number): Promise<void> {
      await rest.send({ method: 'PATCH', url: `${pullRequestPath(repositoryId, id)}/threads/${threadId}`, query: version, body: { status: 'closed' } });
    },

    /** Ids of the work items that a WIQL query finds. */
    async queryWorkItems(query: string): Promise<number[]> {
      const { body } = await rest.send<{ workItems: { id: number }[] }>({ method: 'POST', url: `${root}/wit/wiql`, query: version, body: { query } });
      return body.workItems.map(({ id }) => id);
    },

    workItem: (id: number) => get<WorkItemBody>(`${root}/wit/workitems/${id}`),

    async createWorkItem(type: string, body: JsonPatchOperation[]): Promise<WorkItemBody> {
      const url = `${root}/wit/workitems/$${encodeURIComponent(type)}`;
      return (await rest.send<WorkItemBody>({ method: 'POST', url, query: version, body, contentType: 'application/json-patch+json' })).body;
    },

    async updateWorkItem(id: number, body: JsonPatchOperation[]): Promise<void> {
      await rest.send({ method: 'PATCH', url: `${root}/wit/workitems/${id}`, query: version, body, contentType: 'application/json-patch+json' });
    },
  };
};

/** The page of a pull request, made of its address in the REST API. */
export function pullRequestPage({ url, repository, pullRequestId }: PullRequestBody): string {
  return url.replace(/\/_apis\/git\/.*$/, `/_git/${encodeURIComponent(repository.name)}/pullrequest/${pullRequestId}`);
}

/** The page of a work item. */
export function workItemPage({ _links, url, id }: WorkItemBody): string {
  return _links?.html?.href ?? url.replace(/\/_apis\/wit\/.*$/i, `/_workitems/edit/${id}`);
}
