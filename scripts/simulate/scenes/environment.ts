/** The scoring environment: the version that is in use, the merged pull request that raises it, and the notebook that shows a model scored with it. */
import { z } from 'zod';
import { stringify } from 'yaml';
import { sha256Hex } from '../../../workflows/domain/digest.ts';
import { environmentPath } from '../../../workflows/domain/environment.ts';
import { DEV_WORKSPACE } from '../../../sandbox/core/tenancy.ts';
import type { InputPart, SceneKit } from '../scene.ts';
import { oneOf, text } from '../story-pieces.ts';

export const environmentField = z.strictObject({
  name: text(100).default('sensor-env'),
  from: text(20).default('1.5.0'),
  to: text(20).default('1.5.1'),
  author: text(200).default('dana@example.com'),
  /** Over those that a patch must have. */
  tags: z.record(text(100), text(500)).default({}),
  /** The text of the file as the pull request leaves it, in place of one that `to` and `tags` make. */
  file: text(2_000).optional(),
  /** `none`: nobody has attached one. */
  notebook: oneOf(['clean', 'failed', 'none']).default('clean'),
});

const blob = 'notebooks/score.ipynb';

/** Merges the file twice: as it was, and with the change that the run is about. */
export async function mergeEnvironment({ standIn, sandbox: { context } }: SceneKit, { name, from, to, author, tags, file: given, notebook }: z.output<typeof environmentField>): Promise<InputPart> {
  const file = (version: string) => ({ [environmentPath]: stringify({ name, version, image: 'mcr.microsoft.com/azureml/base:latest', tags: { backward_compatible: 'true', requires_retrain: 'false', change_summary: 'A security fix', ...tags } }) });
  await standIn.completePullRequest(file(from), { title: `Environment ${from}`, createdBy: author });
  const { pullRequestId, repositoryId } = await standIn.completePullRequest(given === undefined ? file(to) : { [environmentPath]: given }, { title: `Environment ${to}`, createdBy: author });
  if (notebook === 'none') return { repositoryId, pullRequestId };
  const outputs = notebook === 'failed' ? [{ output_type: 'error', ename: 'ValueError', evalue: 'shapes do not fit' }] : [];
  const content = JSON.stringify({ nbformat: 4, nbformat_minor: 5, metadata: {}, cells: [{ cell_type: 'code', execution_count: 1, source: 'score(model)', outputs }] });
  context.blobs.write(`${DEV_WORKSPACE}/${blob}`, content, 'application/json');
  return { repositoryId, pullRequestId, notebook: { link: `azureml://datastores/workspaceblobstore/paths/${blob}`, sha256: sha256Hex(content) } };
}
