/** Going back by deploying once more what Azure DevOps deployed before: a classic release, or the stage of a pipeline's run. */

/** Which definition deploys, by its name or its number: of classic releases, or a YAML pipeline. */
export type Deployer = { release: string | number; pipeline?: undefined } | { pipeline: string | number; release?: undefined };

/** Where the estate has it done by what deploys: which definition, which stage, and how long it is waited for. Durations in milliseconds. */
export type RedeployPolicy = Deployer & {
  stage: string;
  /** Azure DevOps must have begun by then, and ended by then; else production is switched directly. */
  answerMs: number;
  withinMs: number;
};

/** A classic release whose stage has deployed the wanted version. */
export interface ClassicRelease {
  releaseId: number;
  name: string;
  stageId: number;
  stage: string;
  url: string | null;
}

/** A run of a pipeline whose stage has deployed the wanted version. */
export interface PipelineRun {
  runId: number;
  /** The pipeline's name and the run's number, as people know it. */
  name: string;
  /** The stage's name in the YAML, by which it is addressed. */
  stageRef: string;
  /** As the page shows it. */
  stage: string;
  url: string | null;
}

export type DeployedRelease = ClassicRelease | PipelineRun;

/** `held`: it waits for an approval or a check, for which a rollback does not wait. */
export interface RedeployEnd {
  state: 'succeeded' | 'failed' | 'held';
  detail: string;
}

/** How production went back, for the result. */
export interface Redeployed {
  /** Name of the release, or of the run. */
  release: string;
  /** Of the stage, from 1; null where it is not known whether it began. */
  attempt: number | null;
  state: RedeployEnd['state'] | 'not answered';
}
