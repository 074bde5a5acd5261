/** Going back by deploying a release of Azure DevOps once more. */

/** Where the estate has it done by the pipeline that deploys: which release definition, which stage, and how long it is waited for. Durations in milliseconds. */
export interface RedeployPolicy {
  /** Name or number of the classic release definition. */
  release: string | number;
  stage: string;
  /** Azure DevOps must have begun by then, and ended by then; else production is switched directly. */
  answerMs: number;
  withinMs: number;
}

/** A release whose stage has deployed the wanted version. */
export interface DeployedRelease {
  releaseId: number;
  name: string;
  stageId: number;
  stage: string;
  url: string | null;
}

/** `held`: it waits for an approval, for which a rollback does not wait. */
export interface RedeployEnd {
  state: 'succeeded' | 'failed' | 'held';
  detail: string;
}

/** How production went back, for the result. */
export interface Redeployed {
  release: string;
  /** Of the stage, from 1; null where it is not known whether it began. */
  attempt: number | null;
  state: RedeployEnd['state'] | 'not answered';
}
