import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releaseManagementUrl, serviceUrl } from '../../../activities/azure-devops/approvals-rest.ts';
import { approvalTag, readApprovalTag } from '../../../workflows/domain/approval-tag.ts';
import { defaultModelTags as tags, newestOfEachPipeline, publishedBy } from '../../../workflows/domain/build.ts';

const commit = 'c0ffee00'.padEnd(40, '0');
const version = (name: string, createdAt: number, own: Record<string, string>) => ({ name, createdAt, tags: own });

void test('a version is a build\'s by its build tag, or by its commit where it names no build', () => {
  const of = (versions: ReturnType<typeof version>[], builds: number[] = [12]) => publishedBy(versions, { builds, commit, tags })?.name;
  assert.equal(of([version('1', 1, { build_id: '12' }), version('2', 2, { build_id: '12' }), version('3', 3, { build_id: '13' })]), '2');
  assert.equal(of([version('1', 1, { commit })]), '1');
  assert.equal(of([version('1', 1, { commit: commit.toUpperCase() })]), '1');
  assert.equal(of([version('1', 1, { commit, build_id: '11' })]), undefined, 'another build of the commit, one that failed afterwards');
  assert.equal(of([version('1', 2, { commit }), version('2', 1, { build_id: ' 12 ' })]), '2', 'the build tag says more');
  assert.equal(of([version('1', 1, {}), version('2', 2, { build_id: '' })], []), undefined);
});

void test('the newest build of each pipeline counts', () => {
  const build = (id: number, pipeline: number) => ({ id, definition: { id: pipeline } });
  assert.deepEqual(newestOfEachPipeline([build(5, 1), build(3, 1), build(4, 2)]).map(({ id }) => id), [4, 5]);
  assert.deepEqual(newestOfEachPipeline([]), []);
});

void test('a tag names gate, target and version, which may contain dots; everything else is none', () => {
  const tag = { gate: 'stage1', target: { plant: 'P001', circuit: 'C001' }, version: '7.1.0-rc.2' };
  assert.equal(approvalTag(tag), 'holdpoint.stage1.P001.C001.7.1.0-rc.2');
  assert.deepEqual(readApprovalTag(` ${approvalTag(tag)} `), tag);
  for (const other of ['', 'nightly', 'holdpoint', 'holdpoint.stage1.P001.C001', 'holdpoint.stage1.P001.C001.', 'holdpoint..P001.C001.7', 'holdpoint.stage1.P 1.C001.7', 'holdpoint.stage1.-P.C001.7', 'xholdpoint.stage1.P001.C001.7']) assert.equal(readApprovalTag(other), undefined, other);
});

void test('classic releases have a host of their own at Azure DevOps Services, and none elsewhere', () => {
  assert.equal(releaseManagementUrl('https://dev.azure.com/contoso'), 'https://vsrm.dev.azure.com/contoso');
  assert.equal(releaseManagementUrl('https://contoso.visualstudio.com'), 'https://contoso.vsrm.visualstudio.com');
  assert.deepEqual(['https://dev.azure.com/contoso', 'https://contoso.visualstudio.com', 'https://ado.example.com/tfs'].map((url) => serviceUrl(url, 'vssps')), ['https://vssps.dev.azure.com/contoso', 'https://contoso.vssps.visualstudio.com', 'https://ado.example.com/tfs']);
  assert.equal(releaseManagementUrl('https://devops.example.com/tfs/contoso/'), 'https://devops.example.com/tfs/contoso');
});
