import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { GateOutcome, GateRequest, GateServices } from '../blocks/gate-request.ts';
import type { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { rootMessage } from '../blocks/compensations.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { Measured } from '../domain/evidence.ts';
import { stageGateName } from '../domain/phases.ts';
import type { OnSilence } from '../domain/policy.ts';
import { stageCard, stageItems } from '../domain/stage-card.ts';
import type { ApprovePipelineStageInput, StageEvidence } from '../domain/stage-check.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { stageChecks } from './stage-checks.ts';
import { loadStagePolicy, readStageEvidence, watchStage } from './stage-activities.ts';

type StagePolicy = Awaited<ReturnType<typeof loadStagePolicy>>;

/** The gates of a check are tended like those of a release; only their policy comes from the environment. */
export function stageGateServices(run: Run, { environment }: ApprovePipelineStageInput): GateServices {
  return {
    ...releaseGateServices(run),
    reloadPolicy: async () => {
      const fresh = await run.attempt('The policy could not be read again', () => loadStagePolicy({ environment: environment.name }));
      return fresh && { policy: fresh.gate, people: fresh.people, estateDigest: fresh.digest };
    },
  };
}

export async function measureStage({ check: { projectId }, buildId, environment }: ApprovePipelineStageInput): Promise<Measured<StageEvidence>> {
  const evidence = await readStageEvidence({ projectId, buildId, environmentId: environment.id });
  return { evidence, items: stageItems(evidence, now().toISOString()) };
}

/** The one gate of a check. In observe mode nothing waits for its effect, so nothing is measured again. */
export function stageGate(input: ApprovePipelineStageInput, measured: Measured<StageEvidence>, { gate, people, digest, inboxUrl }: StagePolicy): GateRequest<StageEvidence> {
  const { requestedFor, pullRequest, changes } = measured.evidence;
  const failed = input.form === 'callback' ? 'the stage fails' : "the stage does not run, and the check's timeout skips it";
  const silences: Record<OnSilence, string> = { expire: failed, reject: failed, approve: 'the stage goes on', rollBack: failed, hold: "the stage waits on until the check's timeout skips it" };
  return {
    gate: stageGateName,
    policy: gate,
    people,
    estateDigest: digest,
    inboxUrl,
    requestedBy: [...new Set([requestedFor, ...(pullRequest ? [pullRequest.createdBy] : []), ...changes.map(({ author }) => author)])],
    silence: input.mode === 'observe' ? 'nothing happens: the stage has passed already' : silences[gate.onSilence],
    measured,
    measure: input.mode === 'observe' ? null : () => measureStage(input),
    check: stageChecks(input),
    card: (evidence) => stageCard(input, evidence),
  };
}

/** Waits at the gate, and beside it for the news that the stage needs no decision any more, which ends the gate. */
export async function passWhileWaiting(run: Run, gates: Gates, request: GateRequest<StageEvidence>, { check: { projectId }, buildId, stage, attempt }: ApprovePipelineStageInput, watchEveryMs: number): Promise<{ decision: GateOutcome<StageEvidence>; over: string | null }> {
  const beside = new CancellationScope();
  let over: string | null = null;
  beside.run(() => watchStage({ projectId, buildId, stage, attempt, intervalMs: watchEveryMs })).then(
    ({ reason }) => {
      over = reason;
      gates.retire('Azure DevOps', reason);
    },
    (error: unknown) => {
      // The gate goes on; a decision that comes too late is found when it is told.
      if (!isCancellation(error)) run.note(`The stage could not be watched: ${rootMessage(error)}`);
    },
  );
  try {
    return { decision: await gates.pass(request), over };
  } finally {
    beside.cancel();
  }
}
