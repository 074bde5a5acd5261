import { workflowInfo } from '@temporalio/workflow';
import { FreezeWait } from '../blocks/freeze-wait.ts';
import type { GateOutcome } from '../blocks/gate-request.ts';
import { Gates } from '../blocks/gates.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { StageApprovalPhase as Phase } from '../domain/phases.ts';
import type { ApprovePipelineStageInput, ApprovePipelineStageResult, CheckAnswer, StageEvidence } from '../domain/stage-check.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { answerCheck, failClosed, tellPipeline } from './check-answer.ts';
import { forgetCheckSecret, loadStagePolicy } from './stage-activities.ts';
import { measureStage, stageGate, stageGateServices } from './stage-gate.ts';
import { holdStage } from './stage-hold.ts';

/** Holds a stage of an Azure pipeline until people have decided, or, in observe mode, lets it pass and records what they would have said. One run for each check of a stage. */
export async function approvePipelineStage(input: ApprovePipelineStageInput): Promise<ApprovePipelineStageResult> {
  requireInput(input, ['check.projectId', 'check.planId', 'check.jobId', 'check.taskInstanceId', 'buildId', 'environment.id', 'environment.name', 'mode', 'form', 'secret', 'stage', 'attempt']);
  const run = new Run({ phase: Phase.Reading, target: null, appendToRecord });
  const gates = new Gates(run, stageGateServices(run, input));
  const freeze = new FreezeWait(run, gates);
  const { environment, stage, buildId, mode, secret } = input;
  const result = (outcome: ApprovePipelineStageResult['outcome'], reason: string, rest: Partial<ApprovePipelineStageResult> = {}): ApprovePipelineStageResult => ({
    outcome, reason, mode, environment: environment.name, stage, buildId, answer: null, observed: null, ...rest,
  });
  if (secret !== null) run.beforeClosing('the token of the check', () => forgetCheckSecret({ secret }));

  return await run.conclude(async () => {
    // Observe mode never holds anything up: the stage passes before anything is read.
    const isObserving = mode === 'observe';
    const answered = failClosed(run, input);
    const passed = isObserving ? await pass(run, input) : null;
    if (isObserving) answered();

    // What the approvers decide on, and who they are.
    const policy = await loadStagePolicy({ environment: environment.name });
    const request = stageGate(input, await measureStage(input), policy);

    // The hold point; what is approved waits for the next opening.
    run.enter(Phase.Approval);
    if (!isObserving) tellPipeline(run, input, [`Holdpoint asks ${policy.gate.approvers.join(', ')}: run ${workflowInfo().workflowId}`]);
    const { decision, over } = isObserving ? { decision: await gates.pass(request), over: null } : await holdStage({ run, gates, freeze, input, policy }, request);
    if (isObserving) return result(outcomeOf(decision), `observed: ${sentence(decision)}; the stage had passed at once`, { answer: passed, observed: observed(decision) });

    // The stage is over without us: there is nothing to answer.
    run.enter(Phase.Answering);
    if (over !== null && decision.state === 'superseded') {
      answered();
      return result('expired', over);
    }

    // Azure DevOps gets the decision.
    const answer = await answerCheck(run, input, decision.state === 'approved' ? 'succeeded' : 'failed');
    answered();
    if (answer.delivery === 'late' && decision.state === 'approved') return result('expired', `${sentence(decision)}, but ${answer.detail}`, { answer });
    return result(outcomeOf(decision), `${sentence(decision)}${answer.delivery === 'late' ? `; ${answer.detail}` : ''}`, { answer });
  }, result);
}

async function pass(run: Run, input: ApprovePipelineStageInput): Promise<CheckAnswer> {
  run.enter(Phase.Passing);
  const answer = await answerCheck(run, input, 'succeeded');
  tellPipeline(run, input, ['Holdpoint observes: the stage passes, and people are asked what they would have said.']);
  return answer;
}

function outcomeOf({ state }: GateOutcome): 'succeeded' | 'rejected' | 'expired' {
  if (state === 'approved') return 'succeeded';
  return state === 'expired' ? 'expired' : 'rejected';
}

function sentence(decision: GateOutcome<StageEvidence>): string {
  if (decision.state === 'approved') return decision.by.length > 0 ? `${decision.by.join(', ')} approved` : 'silence approved, by policy';
  if (decision.state === 'rejected') return `${decision.by} rejected: ${decision.reason}`;
  return decision.state === 'expired' ? 'nobody answered in time' : decision.reason;
}

function observed(decision: GateOutcome<StageEvidence>): ApprovePipelineStageResult['observed'] {
  const by = decision.state === 'approved' ? decision.by : 'by' in decision ? [decision.by] : [];
  return { verdict: decision.state, by, reason: 'reason' in decision ? decision.reason : decision.decisions.map(({ comment }) => comment).filter(Boolean).join('; '), at: now().toISOString() };
}
