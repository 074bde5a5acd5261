/** The part of Azure DevOps' REST API, version 7.1, that changes a repository: branches, commits, pull requests and their review. */
import type { RestClient } from '../http/rest-client.ts';
import type { CommentThread, PullRequestBody } from './rest.ts';

const version = { 'api-version': '7.1' };
/** Named so in every version of the documentation. */
const attachmentVersion = { 'api-version': '7.1-preview.1' };
const noCommit = '0'.repeat(40);
const mostPullRequests = 50;

export interface CommitBody {
  commitId: string;
  comment: string;
  author?: { name?: string; email?: string };
}

export interface AttachmentBody {
  id: number;
  /** The file's name. */
  displayName: string;
  url: string;
}

export interface AuthoredThread extends CommentThread {
  comments: { content?: string | null; commentType?: string; author?: { uniqueName?: string }; publishedDate?: string }[];
}

export type ChangesApi = ReturnType<typeof changesApi>;

/** Calls of one project; each sends one request and throws classified failures. */
export const changesApi = (rest: RestClient, project: string) => {
  const root = `/${encodeURIComponent(project)}/_apis/git/repositories`;
  const of = (repository: string): string => `${root}/${encodeURIComponent(repository)}`;
  const get = async <T>(url: string, query: Record<string, string | number> = {}): Promise<T> => (await rest.send<T>({ method: 'GET', url, query: { ...query, ...version } })).body;

  return {
    /** The repository's own id, also for its name. */
    repositoryId: async (repository: string): Promise<string> => (await get<{ id: string }>(of(repository))).id,

    /** The commit that a branch (`refs/heads/…`) points at; null: there is no such branch. */
    async tip(repositoryId: string, ref: string): Promise<string | null> {
      const { value } = await get<{ value: { name: string; objectId: string }[] }>(`${of(repositoryId)}/refs`, { filter: ref.replace(/^refs\//, '') }); // a prefix
      return value.find(({ name }) => name === ref)?.objectId ?? null;
    },

    commit: (repositoryId: string, commitId: string) => get<CommitBody>(`${of(repositoryId)}/commits/${commitId}`),

    /** Makes a branch of one commit, which edits one file of the base commit. A branch of this name that points elsewhere is refused by the platform. */
    async pushNewBranch(repositoryId: string, { ref, base, comment, path, content }: { ref: string; base: string; comment: string; path: string; content: string }): Promise<string> {
      const body = { refUpdates: [{ name: ref, oldObjectId: base }], commits: [{ comment, changes: [{ changeType: 'edit', item: { path: `/${path}` }, newContent: { content, contentType: 'rawtext' } }] }] };
      return (await rest.send<{ commits: { commitId: string }[] }>({ method: 'POST', url: `${of(repositoryId)}/pushes`, query: version, body })).body.commits[0]!.commitId;
    },

    /** Deletes a branch if it still points at this commit; answers the platform's word, such as `staleOldObjectId`. */
    async deleteBranch(repositoryId: string, ref: string, commit: string): Promise<string> {
      const body = [{ name: ref, oldObjectId: commit, newObjectId: noCommit }];
      return (await rest.send<{ value: { updateStatus: string }[] }>({ method: 'POST', url: `${of(repositoryId)}/refs`, query: version, body })).body.value[0]?.updateStatus ?? 'succeeded';
    },

    /** Pull requests from one branch into another, of any status, newest first. */
    async pullRequestsBetween(repositoryId: string, source: string, target: string): Promise<PullRequestBody[]> {
      const query = { 'searchCriteria.sourceRefName': source, 'searchCriteria.targetRefName': target, 'searchCriteria.status': 'all', $top: mostPullRequests };
      return (await get<{ value: PullRequestBody[] }>(`${of(repositoryId)}/pullrequests`, query)).value;
    },

    async createPullRequest(repositoryId: string, body: { title: string; description: string; sourceRefName: string; targetRefName: string }): Promise<PullRequestBody> {
      return (await rest.send<PullRequestBody>({ method: 'POST', url: `${of(repositoryId)}/pullrequests`, query: version, body })).body;
    },

    commentsOf: async (repositoryId: string, id: number): Promise<AuthoredThread[]> => (await get<{ value: AuthoredThread[] }>(`${of(repositoryId)}/pullRequests/${id}/threads`)).value,

    /** Asks for the merge of exactly this source commit; the platform merges in its own time, and refuses when the branch has moved. */
    async completePullRequest(repositoryId: string, id: number, sourceCommit: string): Promise<PullRequestBody> {
      const body = { status: 'completed', lastMergeSourceCommit: { commitId: sourceCommit }, completionOptions: { deleteSourceBranch: true } };
      return (await rest.send<PullRequestBody>({ method: 'PATCH', url: `${of(repositoryId)}/pullRequests/${id}`, query: version, body })).body;
    },

    async describePullRequest(repositoryId: string, id: number, description: string): Promise<void> {
      await rest.send({ method: 'PATCH', url: `${of(repositoryId)}/pullRequests/${id}`, query: version, body: { description } });
    },

    attachmentsOf: async (repositoryId: string, id: number): Promise<AttachmentBody[]> => (await rest.send<{ value: AttachmentBody[] }>({ method: 'GET', url: `${of(repositoryId)}/pullRequests/${id}/attachments`, query: attachmentVersion })).body.value,

    /** Attaches a file of text. */
    async attach(repositoryId: string, id: number, name: string, content: string): Promise<AttachmentBody> {
      const url = `${of(repositoryId)}/pullRequests/${id}/attachments/${encodeURIComponent(name)}`;
      return (await rest.send<AttachmentBody>({ method: 'POST', url, query: attachmentVersion, text: content, contentType: 'application/octet-stream' })).body;
    },

    async abandonPullRequest(repositoryId: string, id: number): Promise<void> {
      await rest.send({ method: 'PATCH', url: `${of(repositoryId)}/pullRequests/${id}`, query: version, body: { status: 'abandoned' } });
    },
  };
};
