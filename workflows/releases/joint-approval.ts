import { workflowInfo } from '@temporalio/workflow';
import type { GateRequest } from '../blocks/gate-request.ts';
import type { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { isCancelled } from '../blocks/cancellation.ts';
import { rootMessage } from '../blocks/compensations.ts';
import { jsonDigest } from '../domain/digest.ts';
import { compareEvidence, type EvidenceItem, type Measured } from '../domain/evidence.ts';
import { targetLabel } from '../domain/ids.ts';
import { ReleaseChangePhase, ReleaseGate } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { jointCard, type JointEvidence, type Stage1Evidence } from '../domain/release-cards.ts';
import type { ApprovedStage1, CircuitResult, ReleaseModelInput } from '../domain/release.ts';
import { now } from '../blocks/workflow-clock.ts';
import { jointChecks, type CheckedRelease } from './release-checks.ts';
import { reviewTraining } from './review-training.ts';
import { startRelease } from './start-release.ts';

/** So many circuits fit on one card with their figures: nobody approves what the card does not show. */
const circuitsPerCard = 8;

type Held = CheckedRelease;

/**
 * Stage 1 of a whole change: where the estate says `approvalPer: change`, circuits wait here once they are trained and are decided together, with exceptions. Each release then
 * checks that its evidence is still what was approved, and asks by itself if it is not.
 */
export class JointApproval {
  #held: Held[] = [];
  readonly #run: Run;
  readonly #gates: Gates;

  constructor(run: Run, gates: Gates) {
    this.#run = run;
    this.#gates = gates;
  }

  /** Starts a release, or holds it until the whole change is decided. */
  async release(release: ReleaseModelInput, policy: TargetPolicy): Promise<CircuitResult> {
    if (policy.approvalPer === 'circuit') return await startRelease(release);
    this.#held.push({ release, policy });
    return { target: release.target, version: release.version, state: 'trained' };
  }

  /** Asks for those that are held, card by card; their results take the place of "trained". */
  async decide(results: CircuitResult[]): Promise<CircuitResult[]> {
    if (this.#held.length === 0) return results;
    this.#run.enter(ReleaseChangePhase.Stage1);
    const decided = new Map<string, CircuitResult>();
    const held = this.#held.splice(0).sort((one, other) => (targetLabel(one.release.target) < targetLabel(other.release.target) ? -1 : 1));
    for (const [number, card] of cards(held).entries()) {
      for (const result of await this.#ask(card, number)) decided.set(targetLabel(result.target), result);
    }
    return results.map((result) => decided.get(targetLabel(result.target)) ?? result);
  }

  async #ask(held: Held[], number: number): Promise<CircuitResult[]> {
    const refused = (reason: string) => ({ release: { target, version } }: Held): CircuitResult => ({ target, version, state: 'rejected', reason });
    try {
      const outcome = await this.#gates.pass(await jointGate(held, number));
      if (outcome.state === 'expired') return held.map(({ release: { target, version } }) => ({ target, version, state: 'expired', reason: 'nobody answered in time' }));
      if (outcome.state !== 'approved') return held.map(refused(`${outcome.by}: ${outcome.reason}`));
      const results: CircuitResult[] = [];
      for (const each of held) {
        const label = targetLabel(each.release.target);
        const shown = outcome.evidence.find(({ circuit }) => circuit === label);
        const approval: ApprovedStage1 = { by: outcome.by, at: now().toISOString(), items: shown?.items ?? [], change: workflowInfo().workflowId };
        results.push(outcome.except.includes(label) ? refused(`left out of the approval by ${outcome.by.join(', ')}`)(each) : await startRelease({ ...each.release, stage1: approval }));
      }
      return results;
    } catch (error) {
      if (isCancelled(error)) throw error;
      return held.map(({ release: { target, version } }) => ({ target, version, state: 'failed', reason: rootMessage(error) }));
    }
  }
}

/** Whether a release was approved with its change, and on evidence that is what it is now. Null: it has to ask by itself. */
export function approvedWithChange({ stage1 }: ReleaseModelInput, { items }: Measured<Stage1Evidence>, { gates }: TargetPolicy): ApprovedStage1 | null {
  // Only a run that the change itself has started carries its approval: anybody could write the field into an input.
  if (!stage1 || workflowInfo().parent?.workflowId !== stage1.change) return null;
  return compareEvidence(stage1.items, items, gates.stage1.evidence, now().toISOString()).state === 'changed' ? null : stage1;
}

/** Puts on record, before the effect that it permits, where the approval was given. */
export async function keepApproval(run: Run, { change, by, at, items }: ApprovedStage1): Promise<void> {
  run.record.add({ kind: 'approvedElsewhere', gate: ReleaseGate.Stage1, workflowId: change, by: [...by], items, approvedAt: at });
  await run.record.flush();
}

/** Circuits of one policy share a card, up to what it shows. */
function cards(held: readonly Held[]): Held[][] {
  const byPolicy = new Map<string, Held[]>();
  for (const each of held) {
    const digest = jsonDigest(each.policy.gates.stage1);
    byPolicy.set(digest, [...(byPolicy.get(digest) ?? []), each]);
  }
  return [...byPolicy.values()].flatMap((group) => Array.from({ length: Math.ceil(group.length / circuitsPerCard) }, (_, page) => group.slice(page * circuitsPerCard, (page + 1) * circuitsPerCard)));
}

async function jointGate(held: Held[], number: number): Promise<GateRequest<JointEvidence>> {
  const { policy: { gates, people, digest, inboxUrl, registry }, release: { requestedBy, pullRequest, target } } = held[0]!;
  return {
    gate: number === 0 ? ReleaseGate.Stage1 : `${ReleaseGate.Stage1}-${number + 1}`,
    policy: gates.stage1,
    policyOf: { target, gate: 'stage1' },
    people,
    estateDigest: digest,
    inboxUrl,
    requestedBy,
    silence: 'none of these circuits is released',
    parts: held.map(({ release: { target } }) => targetLabel(target)),
    measured: await measureAll(held),
    measure: () => measureAll(held),
    check: jointChecks(held),
    card: (evidence) => jointCard(pullRequest, evidence, registry.registry),
  };
}

async function measureAll(held: Held[]): Promise<Measured<JointEvidence>> {
  const measured = await Promise.all(held.map(async ({ release, policy }) => ({ release, ...(await reviewTraining(release, policy)) })));
  const itemsOf = (circuit: string, items: readonly EvidenceItem[]) => items.map((item) => ({ ...item, name: `${circuit} ${item.name}` }));
  return {
    evidence: measured.map(({ release: { target, version }, evidence, items }) => ({ circuit: targetLabel(target), version, evidence, items })),
    items: measured.flatMap(({ release: { target }, items }) => itemsOf(targetLabel(target), items)),
  };
}
