/** What holds a stage until it may go on: the gate, then the freezes of its environment; and beside both the news that it needs no decision any more. */
import { CancellationScope, isCancellation } from '@temporalio/workflow';
import { rootMessage } from '../blocks/compensations.ts';
import { askedAgain, measureAfterWait } from '../blocks/evidence-again.ts';
import type { FreezeWait, Held } from '../blocks/freeze-wait.ts';
import type { GateOutcome, GateRequest } from '../blocks/gate-request.ts';
import type { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { openingInWords } from '../domain/freeze.ts';
import { StageApprovalPhase as Phase } from '../domain/phases.ts';
import { stageItems } from '../domain/stage-card.ts';
import type { ApprovePipelineStageInput, StageEvidence } from '../domain/stage-check.ts';
import { freezeAt, freezeChanged } from '../releases/freeze-activities.ts';
import { tellPipeline } from './check-answer.ts';
import { loadStagePolicy, watchStage } from './stage-activities.ts';

export interface HeldStage {
  run: Run;
  gates: Gates;
  freeze: FreezeWait;
  input: ApprovePipelineStageInput;
  policy: Awaited<ReturnType<typeof loadStagePolicy>>;
}

type Decision = GateOutcome<StageEvidence>;

/** Waits at the gate, and lets what was approved wait for the next opening; `over` says why the stage needs no decision any more. */
export async function holdStage(held: HeldStage, request: GateRequest<StageEvidence>): Promise<{ decision: Decision; over: string | null }> {
  const { run, gates, input: { check: { projectId }, buildId, stage, attempt }, policy: { watchEveryMs } } = held;
  const beside = new CancellationScope();
  let over: string | null = null;
  beside.run(() => watchStage({ projectId, buildId, stage, attempt, intervalMs: watchEveryMs })).then(
    ({ reason }) => {
      over = reason;
      gates.retire('Azure DevOps', reason);
    },
    (error: unknown) => {
      // It is held on; a decision that comes too late is found when it is told.
      if (!isCancellation(error)) run.note(`The stage could not be watched: ${rootMessage(error)}`);
    },
  );
  try {
    return { decision: await decided(held, request, () => over), over };
  } finally {
    beside.cancel();
  }
}

/** The gate's word, in an opening: after a wait the evidence is measured again, and where it is no longer what was approved, the gate asks once more. */
async function decided({ run, gates, freeze, input, policy }: HeldStage, first: GateRequest<StageEvidence>, over: () => string | null): Promise<Decision> {
  const { environment, stage } = input;
  const question = { targets: [], action: 'pipelineStage' as const, environment: policy.takesPlaceIn };
  for (let request = first; ;) {
    const decision = await gates.pass(request);
    if (decision.state !== 'approved' || over() !== null) return decision;
    const look: Held['look'] = (at) => freezeAt(question, at);
    const standing = await look(now().toISOString());
    if (!freeze.holds(standing)) return decision;
    tellPipeline(run, input, [`Approved; frozen until ${openingInWords(standing!.opensAt)} (${standing!.inForce.map(({ name }) => name).join(', ')}).`]);
    const { superseded } = await freeze.pass({
      what: `${stage ?? 'the stage'} into ${environment.name}`,
      requestedBy: request.requestedBy,
      phase: Phase.Frozen,
      look,
      change: (known, boundMs) => freezeChanged(question, known, boundMs),
      policy: async () => {
        const { gate, people, digest, inboxUrl } = await loadStagePolicy({ environment: environment.name });
        return { gates: { stage3: gate }, people, digest, inboxUrl };
      },
      undo: 'as the card of the stage says.',
      over,
    }, standing);
    if (superseded) return superseded;
    const why = over();
    if (why !== null) return { state: 'superseded', by: 'Azure DevOps', reason: why, decisions: decision.decisions };

    const { fresh, changes } = await measureAfterWait(request, stageItems(decision.evidence, now().toISOString()));
    if (changes.length === 0) return decision;
    run.enter(Phase.Approval);
    request = askedAgain(first, fresh, changes);
  }
}
