/** A picture beside a pull request, for whoever reviews it: copied from the workspace's storage, which reviewers need not have access to, and linked in the description. */
import type { StepKey } from '../../workflows/domain/keys.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { withLine } from '../../workflows/domain/pull-request-review.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { BlobReader } from '../azure-ml/blob-reader.ts';
import { blobOf } from '../azure-ml/datastore.ts';
import { vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { changesApi } from './changes-rest.ts';
import { longestDescription } from './configuration-change.ts';
import { azureDevOpsApi } from './rest.ts';

export interface AttachPictureInput {
  key: StepKey;
  repositoryId: string;
  pullRequestId: number;
  /** Where the picture's storage is. */
  workspace: WorkspaceRef;
  /** `azureml://datastores/…` URI of an SVG; its last part names the attachment. */
  plotUri: string;
  /** What the link says. */
  caption: string;
}

export interface AttachedPicture {
  url: string;
  /** Whether the description links it; it may have no room for that. */
  linked: boolean;
}

export interface AttachmentClients {
  rest: RestClient;
  project: string;
  arm: RestClient;
  blob: Pick<BlobReader, 'read'>;
}

const mostBytes = 1_000_000;

export const createAttachmentActivities = (clients: AttachmentClients) => ({
  attachPicture: (input: AttachPictureInput) => attachPicture(clients, input),
});

/**
 * Attaches a picture to a pull request and links it in the description, above the line that names the run; what reviewers wrote there stays.
 *
 * Safe to retry because the attachment's name carries the step's key, the attachments are looked at before, and a description that has the link is left as it is.
 *
 * @throws NotFound (not retried) when there is no such picture or pull request
 */
async function attachPicture({ rest, project, arm, blob }: AttachmentClients, input: AttachPictureInput): Promise<AttachedPicture> {
  const { key, repositoryId, pullRequestId, workspace, plotUri, caption } = input;
  const changes = changesApi(rest, project);
  const [, stem = 'picture', ending = ''] = /([^/]+?)(\.[^./]+)?$/.exec(plotUri) ?? [];
  const name = `${stem}-${key.key.slice(0, 8)}${ending}`;
  const existing = (await changes.attachmentsOf(repositoryId, pullRequestId)).find(({ displayName }) => displayName === name);
  const { url } = existing ?? (await changes.attach(repositoryId, pullRequestId, name, await read({ arm, blob }, workspace, plotUri)));
  const { description = '' } = await azureDevOpsApi(rest, project).pullRequest(repositoryId, pullRequestId);
  if (description.includes(url)) return { url, linked: true };
  const linked = withLine(description, `[${caption}](${url})`);
  if (linked.length > longestDescription) return { url, linked: false };
  await changes.describePullRequest(repositoryId, pullRequestId, linked);
  return { url, linked: true };
}

async function read({ arm, blob }: Pick<AttachmentClients, 'arm' | 'blob'>, workspace: WorkspaceRef, uri: string): Promise<string> {
  const content = await blob.read(await blobOf(arm, workspace, uri), mostBytes);
  if (content === null) throw vendorFailure(FailureType.NotFound, `the picture ${uri} does not exist`);
  return content;
}
