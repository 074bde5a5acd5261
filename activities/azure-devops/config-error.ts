/** Where in a circuit's configuration lies what its training complained of, and whose it is. */
import { lineOfField, readCircuitConfig, type RefusedFile } from '../../workflows/domain/circuit-config.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { ChangeRef } from '../../workflows/domain/training-failures.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { isFailure } from '../http/classify.ts';
import { completed } from './change.ts';
import type { AzureDevOpsApi } from './rest.ts';

export interface LocateConfigErrorInput extends ChangeRef {
  target: Target;
  /** Field that the log names, such as `hyperparameters.epochs`; null where it names none. */
  field: string | null;
}

/**
 * Reads the circuit's configuration as the pull request left it: its author, the file, and the line of the field, or of what a check of the file finds.
 *
 * Safe to retry because it only reads, and a merge commit does not change.
 *
 * @throws InvalidRequest (not retried) when the pull request is not completed
 */
export async function locateConfigError(api: AzureDevOpsApi, { repositoryId, pullRequestId, target: { plant, circuit }, field }: LocateConfigErrorInput): Promise<{ author: string; url: string; found: RefusedFile }> {
  const { createdBy: author, url, mergeCommit } = completed(await api.pullRequest(repositoryId, pullRequestId));
  for (const extension of ['yml', 'yaml']) {
    const path = `config/plants/${plant}/${circuit}.${extension}`;
    const text = await textAt(api, repositoryId, path, mergeCommit);
    if (text === null) continue;
    const reading = readCircuitConfig(path, text);
    return { author, url, found: reading.ok ? { path, line: field === null ? null : lineOfField(text, field), reason: 'its training refused it' } : reading.refused };
  }
  return { author, url, found: { path: `config/plants/${plant}/${circuit}.yml`, line: null, reason: 'it is not there after the merge' } };
}

async function textAt(api: AzureDevOpsApi, repositoryId: string, path: string, commit: string): Promise<string | null> {
  try {
    return await api.fileAt(repositoryId, `/${path}`, commit);
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}
