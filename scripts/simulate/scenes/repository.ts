/** The repository as others have left it before the run begins: files on the release branch, such as one that is malformed, and a branch of somebody else's. */
import { z } from 'zod';
import type { SceneKit } from '../scene.ts';
import { filesField, text } from '../story-pieces.ts';

export async function mergeFiles({ standIn }: SceneKit, files: z.output<typeof filesField>): Promise<void> {
  await standIn.completePullRequest(files, { title: 'As the repository is' });
}

export const branchField = z.strictObject({
  name: text(200),
  by: text(200),
  /** What it has that the release branch has not. */
  files: filesField,
});

export async function leaveBranch({ standIn }: SceneKit, { name, by, files }: z.output<typeof branchField>): Promise<void> {
  await standIn.completePullRequest(files, { title: 'Work of somebody else', createdBy: by, targetRefName: `refs/heads/${name}` });
}
