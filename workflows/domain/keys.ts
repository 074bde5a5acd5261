/** Idempotency keys: computed by the workflow, passed to the activity, rendered for each platform's naming rules. */
import { sha256Hex } from './digest.ts';
import type { Target } from './vocabulary.ts';

/** What makes a step of a run unique. */
export interface StepIdentity {
  workflowId: string;
  /** Survives a reset and a retry of the run, and changes when the runbook is started anew. */
  firstExecutionRunId: string;
  step: string;
  /** Rises only when the workflow repeats a step on purpose. */
  generation?: number;
}

/** A run's step on a platform: the hash is the key, the readable parts go into tags. */
export interface StepKey {
  /** 20 hexadecimal digits: enough that no two steps of a company's lifetime meet. */
  key: string;
  workflowId: string;
  runId: string;
}

export function stepKey({ workflowId, firstExecutionRunId, step, generation = 0 }: StepIdentity): StepKey {
  const key = sha256Hex([workflowId, firstExecutionRunId, step, generation].join('\n')).slice(0, 20);
  return { key, workflowId, runId: firstExecutionRunId };
}

/** A name for an Azure ML job or blob folder: `[A-Za-z0-9][A-Za-z0-9_-]{0,254}`. */
export function azureMlName(prefix: string, { key }: StepKey): string {
  return `${prefix}-${key}`.replace(/[^A-Za-z0-9_-]/g, '-').slice(-255);
}

/** The Azure ML job that trains a circuit: the run knows the name before the job exists, so that it can cancel what it is about to submit. */
export function trainingJobName({ plant, circuit }: Target, key: StepKey): string {
  return azureMlName(`train-${plant}-${circuit}`, key);
}

/** A tag of an Azure DevOps work item, searchable by WIQL. */
export function azureDevOpsTag({ key }: StepKey): string {
  return `holdpoint-${key}`;
}

/** A Message-ID as RFC 5322 has it, so that a chat or mail sent twice shows as one. */
export function messageId({ key }: StepKey): string {
  return `<${key}@holdpoint>`;
}
