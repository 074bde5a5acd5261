/** The picture beside a pull request, with the real clients against the stand-in. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAttachmentActivities } from '../../../activities/azure-devops/pull-request-attachment.ts';
import { changesApi } from '../../../activities/azure-devops/changes-rest.ts';
import { azureDevOpsApi } from '../../../activities/azure-devops/rest.ts';
import { createAzureMlClients } from '../../../activities/azure-ml/clients.ts';
import { REPOSITORY_ID as repositoryId } from '../../../sandbox/core/tenancy.ts';
import { runMarker } from '../../../workflows/domain/pull-request-review.ts';
import { productionWorkspace as workspace } from '../support/circuits.ts';
import { failure, freshKey, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const clients = createAzureDevOpsClients(platforms.settings);
const { attachPicture } = createAttachmentActivities({ ...clients, ...createAzureMlClients(platforms.settings) });
const changes = changesApi(clients.rest, clients.project);
const api = azureDevOpsApi(clients.rest, clients.project);
const svg = '<svg xmlns="http://www.w3.org/2000/svg" role="img"><title>Verteilungen</title></svg>';
const marker = runMarker('retrainOnDrift:P001:C001');
platforms.sandbox.context.blobs.write('prod-ml-workspace/reports/P001-C001/k/distributions.svg', Buffer.from(svg), 'image/svg+xml');

let branches = 0;
async function proposal(description: string) {
  branches += 1;
  const source = `refs/heads/feature/picture-${branches}`;
  await platforms.control('commits', { branch: source, by: 'dana', files: { 'notes.md': String(branches) } });
  const { pullRequestId } = await changes.createPullRequest(repositoryId, { title: 'Update', description, sourceRefName: source, targetRefName: 'refs/heads/main' });
  return { key: freshKey(), repositoryId, pullRequestId, workspace, plotUri: 'azureml://datastores/workspaceblobstore/paths/reports/P001-C001/k/distributions.svg', caption: 'Distributions' };
}
const describes = async ({ pullRequestId }: { pullRequestId: number }) => (await api.pullRequest(repositoryId, pullRequestId)).description ?? '';

void test('the picture is attached once and linked above the line that names the run; what a reviewer wrote stays', async () => {
  const input = await proposal(`why\n\n${marker}`);
  const first = await platforms.changesOf(() => platforms.run(attachPicture, input));
  const { url } = first.value;
  assert.deepEqual([first.value.linked, first.changes.length], [true, 2]);
  assert.match(url, new RegExp(`/pullRequests/${input.pullRequestId}/attachments/distributions-${input.key.key.slice(0, 8)}\\.svg$`));
  assert.equal((await clients.rest.send({ method: 'GET', url })).body, svg);
  assert.equal(await describes(input), `why\n\n[Distributions](${url})\n\n${marker}`);

  await changes.describePullRequest(repositoryId, input.pullRequestId, `${await describes(input)}\n\nlooks plausible`);
  const again = await platforms.changesOf(() => platforms.run(attachPicture, input));
  assert.deepEqual([again.changes, again.value], [[], first.value], 'a second call changes nothing');
  assert.match(await describes(input), /looks plausible$/);
});

void test('an answer that is lost attaches and links no second time', async () => {
  const input = await proposal(`why\n\n${marker}`);
  for (const method of ['POST', 'PATCH']) platforms.fault({ method, path: `/pullRequests/${input.pullRequestId}` }, { kind: 'cutAfterAccept' });
  const { value, changes: made } = await platforms.changesOf(() => platforms.retried(attachPicture, input));
  assert.deepEqual([value.failures, made.length, value.result.linked], [['Unavailable', 'Unavailable'], 2, true]);
  assert.equal((await changes.attachmentsOf(repositoryId, input.pullRequestId)).length, 1);
  assert.equal((await describes(input)).split('[Distributions]').length, 2);
});

void test('a full description stays as it is, and a picture that is not there is told', async () => {
  const full = await proposal('x'.repeat(3_950));
  assert.equal((await platforms.run(attachPicture, full)).linked, false);
  assert.equal((await describes(full)).length, 3_950);
  assert.equal((await changes.attachmentsOf(repositoryId, full.pullRequestId)).length, 1);
  const none = await proposal('why');
  await assert.rejects(platforms.run(attachPicture, { ...none, plotUri: `${none.plotUri}.none` }), failure('NotFound', true, /the picture azureml:.*\.none does not exist/));
});
