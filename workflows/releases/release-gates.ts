import type { GateRequest } from '../blocks/gate-request.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { evidenceItem, type EvidenceItem, type Measured } from '../domain/evidence.ts';
import { announcedFreeze } from '../domain/freeze.ts';
import { ReleaseGate } from '../domain/phases.ts';
import type { GatePolicy, MonitoringPolicy, OnSilence, TargetPolicy } from '../domain/policy.ts';
import { rollbackCard, stage1Card, stage3Card, type Stage1Evidence } from '../domain/release-cards.ts';
import type { DeploymentSnapshot, InferenceReport, ReleaseModelInput } from '../domain/release.ts';
import { preImage } from './production-deployment.ts';
import { checkAgain, testInference, type TestedCandidate } from './test-inference.ts';
import { releaseChecks } from './release-checks.ts';
import { readProductionDeployment } from './release-activities.ts';
import { reviewTraining } from './review-training.ts';

/** What Stage 3 decides on: how the candidate did in the test workspace, and what it would replace. */
export interface Stage3Evidence {
  test: InferenceReport;
  before: DeploymentSnapshot;
}

/** Stage 1: metrics and training log. */
export function stage1Gate(measured: Measured<Stage1Evidence>, input: ReleaseModelInput, policy: TargetPolicy): GateRequest<Stage1Evidence> {
  return {
    ...stageTerms('stage1', input, policy),
    measured,
    measure: () => reviewTraining(input, policy, measured.evidence.history),
    check: releaseChecks('stage1', { release: input, policy }),
    card: (evidence) => stage1Card(input, evidence, policy.registry.registry),
  };
}

/** Stage 3: the test inference, and what production serves now. */
export function stage3Gate(run: Run, tested: TestedCandidate, measured: Measured<Stage3Evidence>, input: ReleaseModelInput, policy: TargetPolicy): GateRequest<Stage3Evidence> {
  let candidate = tested;
  return {
    ...stageTerms('stage3', input, policy),
    measured,
    measure: async (how) => {
      if (how === 'anew') candidate = await testInference(run, input, policy, candidate.model, candidate.generation + 1);
      return await stage3Evidence(how === 'anew' ? candidate : await checkAgain(candidate, policy), policy);
    },
    check: releaseChecks('stage3', { release: input, policy }),
    card: ({ test, before }) => {
      const card = stage3Card(input, test, before, monitoringSentence(policy.monitoring));
      const frozen = announcedFreeze(policy.freezes ?? [], now().toISOString());
      return frozen === undefined ? card : { ...card, facts: [frozen, ...card.facts] };
    },
  };
}

export async function stage3Evidence({ report, testedAt }: TestedCandidate, { workspaces, endpoint, deployment }: TargetPolicy): Promise<Measured<Stage3Evidence>> {
  const before = await readProductionDeployment({ workspace: workspaces.production, endpoint, deployment });
  return {
    evidence: { test: report, before },
    items: stage3Items({ test: report, before }, testedAt, now().toISOString()),
  };
}

export function stage3Items({ test, before: { definition, model, tags } }: Stage3Evidence, testedAt: string, readAt: string): EvidenceItem[] {
  return [evidenceItem('test inference', test, testedAt), evidenceItem('production deployment', { definition, model, tags }, readAt)];
}

/** Silence leaves everything as it is, unless the policy says otherwise. */
function stageTerms(gate: 'stage1' | 'stage3', input: ReleaseModelInput, policy: TargetPolicy): Pick<GateRequest, 'gate' | 'policy' | 'people' | 'estateDigest' | 'requestedBy' | 'silence' | 'inboxUrl'> {
  const silences: Record<OnSilence, string> = { expire: 'the release expires and production stays as it is', reject: 'the release is rejected', approve: 'the release goes on', rollBack: 'the release goes on', hold: 'the release waits on, and people are asked again' };
  const { onSilence, checklist } = policy.gates[gate];
  const unless = onSilence === 'approve' && checklist.length > 0 ? ' if the checklist is answered, else it expires' : '';
  return { ...gateTerms(gate, policy), requestedBy: input.requestedBy, silence: `${silences[onSilence]}${unless}` };
}

/**
 * The monitoring asks for a rollback, not a person: everybody among the approvers may answer, also the author. Where nothing is known for certain, silence keeps the version,
 * whatever the policy does about a breach. A rollback waits for nothing: its evidence is not measured again.
 */
export function rollbackGate(breach: string, isCertain: boolean, before: DeploymentSnapshot, input: ReleaseModelInput, policy: TargetPolicy): GateRequest<string> {
  // What production's gates have by default, opening hours and checklists, must not hold a rollback up.
  const unhindered: GatePolicy = { ...policy.gates.rollback, opening: null, checklist: [] };
  const terms: GatePolicy = isCertain ? unhindered : { ...unhindered, onSilence: 'expire' };
  const { version: previous } = preImage(before);
  const approved = previous === null ? 'the release is rejected with a work item, and the version serves on' : 'it is rolled back';
  const silences: Record<OnSilence, string> = { expire: 'the version stays', reject: 'the version stays', approve: approved, rollBack: approved, hold: 'the version stays, and people are asked again' };
  return {
    ...gateTerms(ReleaseGate.Rollback, policy),
    policy: terms,
    requestedBy: [],
    silence: silences[terms.onSilence],
    measured: { evidence: breach, items: [evidenceItem('monitoring', breach, now().toISOString())] },
    measure: null,
    card: (evidence) => rollbackCard(input, evidence, isCertain, previous),
  };
}

/** What the estate says about a gate. */
export function gateTerms(gate: keyof TargetPolicy['gates'], { gates, people, digest, inboxUrl }: TargetPolicy): Pick<GateRequest, 'gate' | 'policy' | 'people' | 'estateDigest' | 'inboxUrl'> {
  return { gate, policy: gates[gate], people, estateDigest: digest, inboxUrl };
}

/** How the card announces the watch: `alerts are watched for 10s (shortened from 24 h)`. */
export function monitoringSentence({ forMs, runbookForMs, onBreach }: MonitoringPolicy): string {
  const shortened = forMs < runbookForMs ? ` (shortened from ${duration(runbookForMs)})` : '';
  return `alerts are watched for ${duration(forMs)}${shortened}; a breach ${onBreach === 'rollBack' ? 'rolls back' : 'opens a rollback gate'}`;
}

function duration(ms: number): string {
  if (ms % 3_600_000 === 0) return `${ms / 3_600_000} h`;
  return ms % 60_000 === 0 ? `${ms / 60_000} min` : `${ms / 1000} s`;
}
