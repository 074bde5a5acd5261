import { ORGANISATION, PERSONAL_ACCESS_TOKEN, PROJECT, REPOSITORY_ID } from '../../sandbox/core/tenancy.ts';
import { improvedConfig } from '../../sandbox/seed/estate.ts';
import type { Settings } from '../supervise/settings.ts';
import { askJson, askWeb } from '../supervise/web.ts';

const path = 'config/plants/P001/C001.yml';
const author = 'dana@example.com';

export interface CompletedPullRequest {
  pullRequestId: number;
  repositoryId: string;
  title: string;
  path: string;
}

/**
 * Completes a pull request in the stand-in that changes one circuit's configuration; the stand-in then delivers its service hooks.
 * The new configuration always differs from the one that is there, for otherwise there would be nothing to release.
 */
export async function completePullRequest({ sandbox }: Settings): Promise<CompletedPullRequest> {
  const title = 'Train the temperature model of P001 for longer';
  const { pullRequestId, repositoryId } = await askJson<{ pullRequestId: number; repositoryId: string }>(`${sandbox.url}/_sandbox/pull-requests`, {
    method: 'POST',
    caFile: sandbox.caFile,
    body: { title, createdBy: author, targetRefName: 'refs/heads/main', files: { [path]: better(await present(sandbox)) }, deliver: true },
  });
  return { pullRequestId, repositoryId, title, path };
}

/** The configuration on the release branch now. */
async function present({ url, caFile }: Settings['sandbox']): Promise<string> {
  const query = new URLSearchParams({ path: `/${path}`, 'versionDescriptor.version': 'main', 'versionDescriptor.versionType': 'branch', 'api-version': '7.1' });
  const authorization = `Basic ${Buffer.from(`:${PERSONAL_ACCESS_TOKEN}`).toString('base64')}`;
  const { status, text } = await askWeb(`${url}/ado/${ORGANISATION}/${PROJECT}/_apis/git/repositories/${REPOSITORY_ID}/items?${query.toString()}`, { caFile, headers: { authorization, accept: 'text/plain' } });
  if (status !== 200) throw new Error(`${path} cannot be read from the stand-in: ${status} ${text.slice(0, 300)}`);
  return text;
}

/** A better configuration that is not the one that is there. */
function better(yaml: string): string {
  let variation = 0;
  while (improvedConfig(variation) === yaml) variation += 1;
  return improvedConfig(variation);
}
