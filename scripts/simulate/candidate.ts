/** What a release is about: the merged pull request of the story and, for `releaseModel`, the model that was trained from it, for real, before the story begins. */
import { setTimeout as sleep } from 'node:timers/promises';
import { configPath, improvedConfig } from '../../sandbox/seed/estate.ts';
import { readCircuitConfig } from '../../workflows/domain/circuit-config.ts';
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { baseModelVersion, modelName } from '../../workflows/domain/ids.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { buildChange, registerReleased } from './built-change.ts';
import type { Stage } from './stage.ts';
import { targetOf as targetOfLabel } from './story-pieces.ts';
import type { Story } from './story.ts';

type Input = Record<string, unknown>;

/**
 * The input with what exists only at the stand-in: ids of repository, pull request and training job. What the given input says of target, version, title, author and requesters
 * stands, so that the printed input of a real release can be simulated. `startMs`: when the story's run begins, since the epoch.
 */
export async function preparedInput(runbook: string, given: Input, { change }: Pick<Story, 'change'>, stage: Pick<Stage, 'standIn' | 'sandbox'>, startMs: number): Promise<Input> {
  const { standIn } = stage;
  if (runbook !== 'releaseModel' && runbook !== 'releaseChange') return given;
  const target = targetOf(given);
  const about = (given['pullRequest'] ?? {}) as Input;
  const title = change.title ?? textOr(about['title'], 'Tune the model');
  const createdBy = change.author ?? textOr(about['createdBy'], 'dana@example.com');
  const circuits = runbook === 'releaseModel' ? [target] : (change.circuits ?? ['P001/C001']).map(targetOfLabel);
  const files = change.files ?? Object.fromEntries(circuits.map(({ plant, circuit }) => [configPath({ plant, name: circuit }), improvedConfig(0)]));
  const { pullRequestId, repositoryId } = await standIn.completePullRequest(files, { title, createdBy, ...(change.into !== undefined && { targetRefName: `refs/heads/${change.into}` }) });
  if (runbook === 'releaseChange') {
    if (change.build) await buildChange(stage, { pullRequestId, circuits, build: change.build, startMs });
    if (change.releasedBy !== undefined) for (const each of circuits) registerReleased(stage, each, versionOf(each, pullRequestId, files), change.releasedBy);
    return { ...given, repositoryId, pullRequestId };
  }

  const version = textOr(given['version'], versionOf(target, pullRequestId, files));
  const buildId = await standIn.build({ pullRequestId, deliver: false, publish: [{ ...target, from: 'training', version }] });
  let result: string | undefined;
  while ((result = await standIn.buildResult(buildId)) === undefined) await sleep(50);
  if (result !== 'succeeded') throw new Error(`the story's model could not be trained: its build ${result}`);
  const model = modelName(target);
  return {
    ...given, target, model, version,
    trainingJob: `ci-train-${model}-${buildId}`,
    pullRequest: { url: `https://dev.azure.com/contoso/ml-platform/_git/sensor-predictions/pullrequest/${pullRequestId}`, ...about, id: pullRequestId, repositoryId, title, createdBy },
    requestedBy: given['requestedBy'] ?? [createdBy],
  };
}

function versionOf({ plant, circuit }: Target, pullRequestId: number, files: Record<string, string>): string {
  const path = configPath({ plant, name: circuit });
  const reading = readCircuitConfig(path, files[path] ?? improvedConfig(0));
  if (!reading.ok) throw new Error(`the story's ${path} is malformed: ${reading.refused.reason}`);
  return baseModelVersion(pullRequestId, jsonDigest(reading.config));
}

function targetOf({ target }: Input): Target {
  const { plant = 'P001', circuit = 'C001' } = (target ?? {}) as Partial<Target>;
  return { plant, circuit };
}

function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
