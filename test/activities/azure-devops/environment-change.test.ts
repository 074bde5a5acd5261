import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAzureDevOpsClients } from '../../../activities/azure-devops/clients.ts';
import { createAzureDevOpsActivities } from '../../../activities/azure-devops/index.ts';
import type { EnvironmentChange } from '../../../workflows/domain/environment.ts';
import { failure, Platforms } from '../support/platforms.ts';

const platforms = await Platforms.start({ seed: 'workspaces' });
const devOps = createAzureDevOpsActivities(createAzureDevOpsClients(platforms.settings));

const path = 'environment/custom_tf_env.yml';
const file = (version: string, more = '', tags = '  backward_compatible: "true"\n  requires_retrain: "false"\n  change_summary: Fixed logging bug\n') => `name: custom-tf-env\nversion: "${version}"\nimage: example.com/tf:2\n${more}tags:\n${tags}`;

/** Merges these files and reads the change. */
async function merged(files: Record<string, string | null>, status = 'completed'): Promise<EnvironmentChange> {
  const made = await platforms.control<{ pullRequestId: number; repositoryId: string }>('pull-requests', { title: 'Fix logging', createdBy: 'dana@example.com', targetRefName: 'refs/heads/main', deliver: false, status, files });
  return await platforms.run(devOps.readEnvironmentChange, made);
}
const complaint = ({ refused: [first], environment }: EnvironmentChange): string => {
  assert.equal(environment, null);
  return `${first?.path}:${first?.line}: ${first?.reason}`;
};

void test('the next patch is read with its conda file and the version before', async () => {
  assert.deepEqual((await merged({ [path]: null })).previous, { name: 'custom_tf_env', version: '1.5.0' }, 'what the demo has from the start');
  assert.match(complaint(await merged({ [path]: file('1.5.0') })), /:2: version: the branch had no such file before/);
  const { environment, previous, refused, pullRequest } = await merged({ [path]: file('1.5.1', 'conda_file: ./conda.yml\n'), 'environment/conda.yml': 'dependencies: [python=3.11]\n' });
  assert.deepEqual([previous, refused, pullRequest.createdBy], [{ name: 'custom-tf-env', version: '1.5.0' }, [], 'dana@example.com']);
  assert.deepEqual(environment, {
    name: 'custom-tf-env', version: '1.5.1', image: 'example.com/tf:2', conda: 'dependencies: [python=3.11]\n', description: '',
    tags: { backward_compatible: 'true', requires_retrain: 'false', change_summary: 'Fixed logging bug' },
  });
  const inline = await merged({ [path]: file('1.5.2', 'conda_file:\n  dependencies: [python=3.12]\n') });
  assert.match(inline.environment?.conda ?? '', /python=3\.12/);
});

void test('each bad file is refused with its line, and says what is wrong', async () => {
  await merged({ [path]: file('1.5.0') });
  const base = async (): Promise<void> => void (await merged({ [path]: file('1.5.0') }));
  for (const [content, expected] of [
    [file('1.6.0'), /:2: version: 1\.5\.0 → 1\.6\.0 is a MINOR step/],
    [file('1.5.1').replace('"1.5.1"', '1.6'), /:2: version: must be a text such as "1\.5\.1"/],
    [file('1.5.1', '', '  backward_compatible: true\n  requires_retrain: "false"\n  change_summary: x\n'), /:5: tags\.backward_compatible: must be "true"/],
    [file('1.5.1', '', '  backward_compatible: "true"\n  requires_retrain: "true"\n  change_summary: x\n'), /:6: tags\.requires_retrain: must be "false"/],
    [file('1.5.1', '', '  backward_compatible: "true"\n  requires_retrain: "false"\n'), /:4: tags\.change_summary: must be a text/],
    [file('1.5.1', 'conda_file: nowhere.yml\n'), /:4: conda_file: there is no environment\/nowhere\.yml at the merge/],
    ['name: [unclosed\n', /not valid YAML/],
    ['name: custom-tf-env\nversion: "1.5.1"\nimage: example.com/tf:2\n', /:1: tags: is missing; must be an object with named fields$/],
    [null, /:null: is not there after the merge/],
  ] as const) {
    assert.match(complaint(await merged({ [path]: content })), expected);
    await base();
  }
});

void test('a pull request that is not merged is refused', async () => {
  await assert.rejects(merged({ [path]: file('1.5.1') }, 'active'), failure('InvalidRequest', true, /is active, not completed/));
});
