/**
 * How a story's world is before its run begins: one field for each thing that can be so, and for each field one function that makes it so at the stand-in. A new field is a line here and
 * a file in `scenes/`.
 */
import { z } from 'zod';
import type { Sandbox } from '../../sandbox/server.ts';
import type { StandInControl } from '../../test/support/stand-in-control.ts';
import { oneOrMore } from '../../activities/estate/one-or-more.ts';
import { batchJobField, failBatchJob } from './scenes/batch-job.ts';
import { deployedField, deployOnce } from './scenes/deployed.ts';
import { environmentField, mergeEnvironment } from './scenes/environment.ts';
import { failedTrainingsField, failTrainings } from './scenes/failed-trainings.ts';
import { predictionsField, readingsField, writePredictions, writeReadings } from './scenes/predictions.ts';
import { branchField, leaveBranch, mergeFiles } from './scenes/repository.ts';
import { ailmentField, ailScoring } from './scenes/scoring.ts';
import { putIntoProduction, servingField, takeOutOfProduction } from './scenes/serving.ts';
import { filesField, label } from './story-pieces.ts';

/** What the functions of a scene work with: the stand-in in this process, an hour before the story begins. */
export interface SceneKit {
  standIn: StandInControl;
  sandbox: Sandbox;
  /** Lets the stand-in's clock run on; afterwards every job that is due has ended. */
  pass: (ms: number) => Promise<void>;
}

/** What of the run's input exists only at the stand-in; what the story or `--input` gives beats it. */
export type InputPart = Record<string, unknown>;

export const sceneSchema = z
  .strictObject({
    /** Which version serves, which came before, and how they have done. */
    serving: oneOrMore(servingField),
    /** Circuits of which production serves nothing yet. */
    undeployed: oneOrMore(label),
    /** What deployed a version in Azure DevOps, and can deploy it once more. */
    deployed: oneOrMore(deployedField),
    /** The readings of a station: from a day on they are missing, or another. */
    readings: oneOrMore(readingsField),
    /** What a circuit's predictions look like beside its readings. */
    predictions: oneOrMore(predictionsField),
    /** Scoring that takes more memory or time than there is. */
    ailing: oneOrMore(ailmentField),
    /** Files as they are on the release branch. */
    repository: filesField,
    /** A branch that is there already. */
    branch: branchField,
    /** The scoring environment, and the merged pull request that changes it. */
    environment: environmentField,
    /** A scheduled batch job of production that has failed. */
    batchJob: batchJobField,
    /** Trainings that have failed. */
    failedTrainings: failedTrainingsField,
  })
  .partial();

export type Scene = z.output<typeof sceneSchema>;

type Setter<F> = (kit: SceneKit, field: F) => Promise<InputPart | void> | InputPart | void;

/** In the order in which they are done: what others rest on comes first. */
const setters: { [F in keyof Scene]-?: Setter<NonNullable<Scene[F]>> } = {
  readings: writeReadings,
  predictions: writePredictions,
  serving: putIntoProduction,
  undeployed: takeOutOfProduction,
  deployed: deployOnce,
  repository: mergeFiles,
  branch: leaveBranch,
  environment: mergeEnvironment,
  ailing: ailScoring,
  batchJob: failBatchJob,
  failedTrainings: failTrainings,
};

/** Makes the world as the story tells. */
export async function setScene(kit: SceneKit, scene: Scene): Promise<InputPart> {
  const input: InputPart = {};
  for (const name of Object.keys(setters) as (keyof Scene)[]) {
    const field = scene[name];
    if (field !== undefined) Object.assign(input, await (setters[name] as Setter<typeof field>)(kit, field));
  }
  return input;
}
