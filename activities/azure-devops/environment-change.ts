/** The environment that a merged pull request describes, and whether it may be rolled out without retraining. */
import { z } from 'zod';
import { stringify } from 'yaml';
import type { RefusedFile } from '../../workflows/domain/circuit-config.ts';
import { environmentPath, stepProblem, type EnvironmentChange, type EnvironmentDefinition } from '../../workflows/domain/environment.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { checkYaml } from '../estate/yaml-complaints.ts';
import { isFailure } from '../http/classify.ts';
import { completed, type ReadChangeInput } from './change.ts';
import type { AzureDevOpsApi } from './rest.ts';

const text = z.string('must be a text').trim().min(1, 'must not be empty');
const must = (value: 'true' | 'false') => z.literal(value, `must be "${value}" (in quotation marks), or this is no change that can be rolled out without retraining`);

const environmentFile = z.looseObject({
  name: text.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/, 'must be letters, digits, ".", "_" and "-"'),
  version: z.string('must be a text such as "1.5.1"'),
  image: text,
  conda_file: z.union([text, z.record(z.string(), z.unknown())], 'must be a path, or the specification itself').optional(),
  description: z.string('must be a text').default(''),
  tags: z.looseObject({ backward_compatible: must('true'), requires_retrain: must('false'), change_summary: text.max(500, 'must have at most 500 characters') }),
});

/** Enough to tell what the version before was; its tags may be from a time when nobody asked for them. */
const earlierFile = z.looseObject({ name: text, version: z.coerce.string() });

/**
 * Reads `environment/custom_tf_env.yml` at the pull request's merge, and the version that the branch had before. A file that cannot be rolled out is answered with file, line and reason,
 * never thrown.
 *
 * Safe to retry because it only reads, and commits do not change.
 *
 * @throws InvalidRequest (not retried) when the pull request is not completed
 */
export async function readEnvironmentChange(api: AzureDevOpsApi, { repositoryId, pullRequestId }: ReadChangeInput): Promise<EnvironmentChange> {
  const body = await api.pullRequest(repositoryId, pullRequestId);
  const pullRequest = completed(body);
  const fileAt = (path: string, commit: string | undefined) => (commit === undefined ? Promise.resolve(null) : orNull(api.fileAt(repositoryId, `/${path}`, commit)));

  const before = await fileAt(environmentPath, body.lastMergeTargetCommit?.commitId);
  const earlier = before === null ? null : checkYaml(before, earlierFile, environmentPath);
  const previous = earlier && 'data' in earlier ? { name: earlier.data.name, version: earlier.data.version } : null;
  const refused = (...complaints: RefusedFile[]): EnvironmentChange => ({ pullRequest, environment: null, previous, refused: complaints });

  const now = await fileAt(environmentPath, pullRequest.mergeCommit);
  if (now === null) return refused({ path: environmentPath, line: null, reason: 'is not there after the merge' });
  const checked = checkYaml(now, environmentFile, environmentPath);
  if ('complaints' in checked) return refused(...checked.complaints.map(asRefusal));
  const problem = stepProblem(previous, checked.data);
  if (problem !== null) return refused({ path: environmentPath, line: lineOfField(now, problem), reason: problem });

  const { name, version, image, conda_file, description, tags } = checked.data;
  const conda = typeof conda_file === 'string' ? await fileAt(beside(conda_file), pullRequest.mergeCommit) : conda_file === undefined ? null : stringify(conda_file);
  if (typeof conda_file === 'string' && conda === null) return refused({ path: environmentPath, line: lineOfField(now, 'conda_file:'), reason: `conda_file: there is no ${beside(conda_file)} at the merge` });
  const environment: EnvironmentDefinition = { name, version, image, conda, description, tags: Object.fromEntries(Object.entries(tags).map(([key, value]) => [key, String(value)])) };
  return { pullRequest, environment, previous, refused: [] };
}

/** A path in the file is relative to the file. */
function beside(path: string): string {
  return `${environmentPath.slice(0, environmentPath.lastIndexOf('/'))}/${path.replace(/^\.\//, '')}`;
}

async function orNull(file: Promise<string>): Promise<string | null> {
  try {
    return await file;
  } catch (error) {
    if (isFailure(error, FailureType.NotFound)) return null;
    throw error;
  }
}

/** `file:line: reason` */
function asRefusal(complaint: string): RefusedFile {
  const [, line, reason] = /^[^:]+:(\d+): ([^]*)$/.exec(complaint) ?? [];
  return { path: environmentPath, line: line === undefined ? null : Number(line), reason: reason ?? complaint };
}

/** The line of the field that a sentence such as `version: …` is about. */
function lineOfField(content: string, problem: string): number | null {
  const index = content.split('\n').findIndex((line) => line.startsWith(`${problem.split(':', 1)[0]}:`));
  return index < 0 ? null : index + 1;
}
