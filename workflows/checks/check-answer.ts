import type { Run } from '../blocks/run.ts';
import type { ApprovePipelineStageInput, CheckAnswer } from '../domain/stage-check.ts';
import { completeStageCheck, failStageCheck, writeCheckLog } from './stage-activities.ts';

/** Tells Azure DevOps the decision, or in the polling form leaves it where Azure DevOps will ask for it. */
export async function answerCheck(run: Run, { check, secret, form, buildId, stage }: ApprovePipelineStageInput, result: CheckAnswer['result']): Promise<CheckAnswer> {
  if (form === 'polling' || secret === null) return { result, delivery: 'fetched', credential: null, detail: 'Azure DevOps asks for it at its next evaluation' };
  const answer = await completeStageCheck({ check, secret, result });
  run.effect({ step: 'check', what: `stage ${stage ?? '(unnamed)'} of run ${buildId}`, platform: 'azure-devops', resource: `${check.projectId}/plans/${check.planId}/${check.taskInstanceId}`, before: 'waiting', after: answer.delivery === 'late' ? answer.detail : answer.result });
  return answer;
}

/** A run that ends without a decision leaves no stage waiting for it: the check fails. Returns what takes this back once the check is answered. */
export function failClosed(run: Run, { check, secret, form }: ApprovePipelineStageInput): () => void {
  if (form === 'polling' || secret === null) return () => undefined; // Azure DevOps finds the run closed
  return run.compensations.register({ step: 'the waiting check', undo: async () => (await failStageCheck({ check, secret, result: 'failed' })).detail });
}

/** Lines for whoever looks at the pipeline's page. Not waited for, and a log that cannot be written is only noted. */
export function tellPipeline(run: Run, { check, secret, form }: ApprovePipelineStageInput, lines: string[]): void {
  if (form === 'polling' || secret === null) return;
  run.inBackground(run.attempt("The check's log could not be written", () => writeCheckLog({ check, secret, lines })).catch(() => undefined));
}
