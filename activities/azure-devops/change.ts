import pMap from 'p-map';
import { readCircuitConfig, targetOfPath, type RefusedFile } from '../../workflows/domain/circuit-config.ts';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { Change, ChangedCircuit, PullRequest } from '../../workflows/domain/release.ts';
import { isFailure, vendorFailure } from '../http/classify.ts';
import { pullRequestPage, type AzureDevOpsApi, type FileChange, type PullRequestBody } from './rest.ts';

export interface ReadChangeInput {
  repositoryId: string;
  pullRequestId: number;
}

/** Files that are read at the same time. */
const parallelReads = 8;

/**
 * Reads what a completed pull request changed: the circuits whose configuration differs, as it stands at the merge commit, and the files that were refused.
 *
 * Safe to retry because it only reads, and a merge commit does not change.
 *
 * @throws InvalidRequest (not retried) when the pull request is not completed
 */
export async function readChange(api: AzureDevOpsApi, { repositoryId, pullRequestId }: ReadChangeInput): Promise<Change> {
  const pullRequest = completed(await api.pullRequest(repositoryId, pullRequestId));
  const lastIteration = (await api.iterations(repositoryId, pullRequestId)).at(-1);
  const entries = lastIteration === undefined ? [] : await api.changes(repositoryId, pullRequestId, lastIteration);

  const change: Change = { pullRequest, circuits: [], refused: [], notes: [] };
  const readings = await pMap(configurationFiles(entries, change.notes), (path) => readFile(api, pullRequest, path), { concurrency: parallelReads });
  for (const { circuit, refused, notes } of readings) {
    change.notes.push(...notes);
    if (refused) change.refused.push(refused);
    else if (circuit) addCircuit(change, circuit);
  }
  return change;
}

/** Where a pull request stands now. Safe to retry because it only reads. */
export async function readPullRequest(api: AzureDevOpsApi, { repositoryId, pullRequestId }: ReadChangeInput): Promise<{ status: string; targetRefName: string; mergeCommit: string | null }> {
  const { status, targetRefName, lastMergeCommit } = await api.pullRequest(repositoryId, pullRequestId);
  return { status, targetRefName, mergeCommit: lastMergeCommit?.commitId ?? null };
}

/** @throws InvalidRequest (not retried) when the pull request is not merged */
export function completed(body: PullRequestBody): PullRequest {
  const { pullRequestId: id, status, title, targetRefName, createdBy, repository, lastMergeCommit } = body;
  if (status !== 'completed') throw vendorFailure(FailureType.InvalidRequest, `pull request ${id} is ${status}, not completed: nothing to release`);
  if (!lastMergeCommit) throw vendorFailure(FailureType.InvalidRequest, `pull request ${id} has no merge commit: nothing to release`);
  return { id, title, url: pullRequestPage(body), createdBy: createdBy.uniqueName, repository: repository.name, repositoryId: repository.id, targetRefName, mergeCommit: lastMergeCommit.commitId };
}

/** Paths below `config/plants` that exist after the change; what disappeared becomes a note. */
function configurationFiles(entries: readonly FileChange[], notes: string[]): string[] {
  const isConfiguration = (path: string | undefined): path is string => path !== undefined && targetOfPath(path) !== undefined;
  const removed = (path: string): string => `${relative(path)}: deleted or renamed away; the model in production stays as it is`;
  return entries.flatMap(({ changeType, item: { path, isFolder }, originalPath }) => {
    const kinds = changeType.split(',').map((kind) => kind.trim());
    if (kinds.includes('rename') && isConfiguration(originalPath)) notes.push(removed(originalPath));
    if (isFolder || !isConfiguration(path)) return [];
    if (!kinds.includes('delete')) return [path];
    notes.push(removed(path));
    return [];
  });
}

interface FileReading {
  circuit?: ChangedCircuit;
  refused?: RefusedFile;
  notes: string[];
}

async function readFile(api: AzureDevOpsApi, { repositoryId, mergeCommit }: PullRequest, path: string): Promise<FileReading> {
  const shown = relative(path);
  const target = targetOfPath(shown);
  if (target === undefined) return { notes: [] };
  if ('reason' in target) return { refused: target, notes: [] };
  let text: string;
  try {
    text = await api.fileAt(repositoryId, path, mergeCommit);
  } catch (error) {
    // The merge itself may have dropped the file: a conflict resolved against it.
    if (isFailure(error, FailureType.NotFound)) return { notes: [`${shown}: not there after the merge`] };
    throw error;
  }
  const reading = readCircuitConfig(shown, text);
  if (!reading.ok) return { refused: reading.refused, notes: [] };
  return { circuit: { target, path: shown, config: reading.config, digest: jsonDigest(reading.config) }, notes: reading.notes };
}

/** Two files may configure one circuit (`.yml` and `.yaml`): nobody can tell which is meant, so the second is refused. */
function addCircuit(change: Change, circuit: ChangedCircuit): void {
  const other = change.circuits.find(({ target }) => targetLabel(target) === targetLabel(circuit.target));
  if (other) change.refused.push({ path: circuit.path, line: null, reason: `${targetLabel(circuit.target)} is configured by ${other.path} already` });
  else change.circuits.push(circuit);
}

function relative(path: string): string {
  return path.replace(/^\//, '');
}
