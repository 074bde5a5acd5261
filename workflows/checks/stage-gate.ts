import type { GateRequest, GateServices } from '../blocks/gate-request.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { Measured } from '../domain/evidence.ts';
import { stageGateName } from '../domain/phases.ts';
import type { OnSilence } from '../domain/policy.ts';
import { stageCard, stageItems } from '../domain/stage-card.ts';
import type { ApprovePipelineStageInput, StageEvidence } from '../domain/stage-check.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { stageChecks } from './stage-checks.ts';
import { loadStagePolicy, readStageEvidence } from './stage-activities.ts';

type StagePolicy = Awaited<ReturnType<typeof loadStagePolicy>>;

/** The gates of a check are tended like those of a release; only their policy comes from the environment. */
export function stageGateServices(run: Run, { environment }: ApprovePipelineStageInput): GateServices {
  return {
    ...releaseGateServices(run),
    reloadPolicy: async ({ gate }) => {
      if (gate !== stageGateName) return null; // whom a freeze names
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
