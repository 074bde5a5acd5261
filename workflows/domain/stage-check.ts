/** A check before a stage of an Azure pipeline: who asks, what is known about the run, and what came of it. All plain JSON, without the check's token. */
import { idPart } from './ids.ts';
import type { Outcome } from './vocabulary.ts';

/** Where a check's decision goes. GUIDs but for `hub`. */
export interface CheckAddress {
  projectId: string;
  hub: string;
  planId: string;
  timelineId: string;
  jobId: string;
  taskInstanceId: string;
}

/** `observe`: the stage passes at once, and what people would have said is recorded. `enforce`: it waits for them. */
export const checkModes = ['observe', 'enforce'] as const;
export type CheckMode = (typeof checkModes)[number];

/** `callback`: the decision is sent to Azure DevOps. `polling`: Azure DevOps asks for it every so often. */
export const checkForms = ['callback', 'polling'] as const;
export type CheckForm = (typeof checkForms)[number];

export interface ApprovePipelineStageInput {
  check: CheckAddress;
  buildId: number;
  /** Name of the stage; null where Azure DevOps did not tell. */
  stage: string | null;
  /** Of the stage: rises when it is run again. */
  attempt: number;
  environment: { id: number; name: string };
  mode: CheckMode;
  form: CheckForm;
  /** Name of the check's token in the vault; null for the polling form, which sends nothing. */
  secret: string | null;
}

/**
 * One run for each check of a stage, however often Azure DevOps delivers it. A callback is delivered again under the same task instance. Each evaluation of the polling form may be
 * a task instance of its own, so there the stage's attempt, the environment and the mode tell checks apart: the environment by number and by name, for the name chooses who decides and the
 * number is typed by hand where the check was; the mode, so that what people said while nothing depended on it lets no stage pass once it does.
 */
export function approvePipelineStageId({ check, buildId, stage, attempt, environment, mode, form }: ApprovePipelineStageInput): string {
  const last = form === 'callback' ? check.taskInstanceId : `${environment.id}-${environment.name}-${attempt}-${mode}`;
  return ['approvePipelineStage', idPart(check.projectId), String(buildId), idPart(stage ?? '-'), idPart(last)].join(':');
}

/** What is known about the run that asks for its stage. */
export interface StageEvidence {
  pipeline: { id: number; name: string };
  build: { id: number; number: string; url: string };
  branch: string;
  commit: string;
  /** Unique name of whoever the run is for. */
  requestedFor: string;
  /** Null when the commit came by no pull request of this repository. */
  pullRequest: { id: number; title: string; url: string; createdBy: string } | null;
  /** Where that pull request stands, such as `active` or `completed`; null without one. No part of what is decided on: it may well be completed while the stage waits. */
  pullRequestStatus: string | null;
  changes: { id: string; message: string; author: string }[];
  /** Null when the run published no test results. */
  tests: { total: number; passed: number } | null;
  /** The newest deployment to the environment that succeeded before. */
  previous: { buildId: number; buildNumber: string; stage: string; finishedAt: string; commit: string | null } | null;
}

/** How Azure DevOps took the decision. `already`: it had this very decision, from an earlier try. `late`: it had decided otherwise meanwhile. `fetched`: it asks for it itself. */
export type CheckDelivery = 'delivered' | 'already' | 'late' | 'fetched';

export interface CheckAnswer {
  result: 'succeeded' | 'failed';
  delivery: CheckDelivery;
  /** What the decision was sent with. */
  credential: 'jobToken' | 'service' | null;
  /** One sentence. */
  detail: string;
}

/** What came to an end without the gate: the stage was cancelled, timed out or ran on. */
export interface StageOver {
  reason: string;
}

export interface ApprovePipelineStageResult {
  outcome: Outcome;
  reason: string;
  mode: CheckMode;
  environment: string;
  stage: string | null;
  buildId: number;
  /** What Azure DevOps was told; null if nothing. */
  answer: CheckAnswer | null;
  /** In observe mode: what people said, when, and so what would have happened to the stage. */
  observed: { verdict: 'approved' | 'rejected' | 'expired' | 'superseded'; by: string[]; reason: string; at: string } | null;
}
