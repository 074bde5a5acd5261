/** Files of the repository that somebody has merged before the run begins, such as one that is malformed. */
import { z } from 'zod';
import type { SceneKit } from '../scene.ts';
import { text } from '../story-pieces.ts';

/** Path to text. */
export const repositoryField = z.record(text(400), z.string('must be the text of a file'));

export async function mergeFiles({ standIn }: SceneKit, files: z.output<typeof repositoryField>): Promise<void> {
  await standIn.completePullRequest(files, { title: 'As the repository is' });
}
