import { Gates } from '../blocks/gates.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { ReleaseGate } from '../domain/phases.ts';
import { targetLabel } from '../domain/ids.ts';
import { planReview, productionGate, type ReviewPlan } from '../domain/review-plan.ts';
import type { Refusal } from '../domain/review-gates.ts';
import { alertPatterns } from '../domain/review-progress.ts';
import { reviewDefaults, ReviewPhase as Phase, type ReviewPendingReleasesInput, type ReviewPendingReleasesResult } from '../domain/review-releases.ts';
import type { WorkspaceRef } from '../domain/vocabulary.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { decideGroup, undecided, type GroupDecision } from './group-decision.ts';
import { GateTurns } from './gate-turns.ts';
import { ReleaseWaves } from './release-waves.ts';
import { findBusyTargets, findWaitingGates, loadCircuits, readAlertRules } from './review-activities.ts';
import { SignedDecisions } from './signed-decisions.ts';
import { noteUnreadable } from './unreadable-gates.ts';
import { followInbox, watchReleased } from './watch-released.ts';

/** Multiple releases pending: one review over everything that waits, instead of one at a time. */
export async function reviewPendingReleases(input: ReviewPendingReleasesInput = {}): Promise<ReviewPendingReleasesResult> {
  const run = new Run({ phase: Phase.Gathering, target: null, appendToRecord });
  const signed = new SignedDecisions();
  const gates = new GateTurns(new Gates(run, signed.witness(releaseGateServices(run))));
  const terms = { ...reviewDefaults, ...input };
  const result: ReviewPendingReleasesResult = { outcome: 'succeeded', reason: '', groups: [], conflicts: [], more: 0, unreadable: [], waves: { planned: 0, done: 0, stopped: null }, counts: null, lost: [], waiting: [], patterns: [] };

  return await run.conclude(async () => {
    // 1. Prioritise circuits: critical plants first, similar circuits together; what stands in each other's way is left out and named.
    const since = now().toISOString();
    const { groups, conflicts, circuits, production, ...found } = await gather(input, terms.groupSize);
    Object.assign(result, { conflicts, more: found.more, unreadable: found.unreadable });
    noteUnreadable(run, found.unreadable);
    if (conflicts.length > 0) run.note(`${conflicts.length} left out: ${conflicts[0]!.workflowId}: ${conflicts[0]!.reason}`);
    if (groups.length === 0) return { ...result, reason: 'nothing waits that could be decided together' };

    // 2. Batch review and 3. approve strategy: each group's metrics side by side with production and history, one decision for each group, with exceptions. What is decided for production is
    // deployed in waves meanwhile, stopped when more goes wrong than the budget allows: then no further group is asked for production either.
    run.enter(Phase.Review);
    const shown = { asking: '', waves: [] as string[] };
    const show = () => run.progress([shown.asking, ...shown.waves].filter((line) => line !== ''));
    const waves = new ReleaseWaves(run, gates, terms, (lines) => {
      shown.waves = lines;
      show();
    });
    let broken = false;
    const deploying = waves.deploy();
    deploying.catch(() => (broken = true)); // thrown below
    const decisions: GroupDecision[] = [];
    for (const [index, group] of groups.entries()) {
      if (broken) break;
      if (waves.stopped !== null && group.of === productionGate) {
        result.groups.push(undecided(group));
        continue;
      }
      shown.asking = `group ${index + 1} of ${groups.length}: ${group.members.length} at ${group.of} of ${group.column} (${group.severity})`;
      show();
      const decision = await run.attempt(`${group.gate} could not be decided`, () => decideGroup(run, gates, signed, group, terms));
      result.groups.push(decision?.result ?? undecided(group));
      if (decision === null) continue;
      decisions.push(decision);
      waves.add(decision);
      if (decision.result.state === 'inbox') run.note(`${group.members.length} at ${group.of} of ${group.column} want ${group.identity} identity: decide each by itself.`);
    }

    // 4. Monitor the deployment queue: what is left of it.
    shown.asking = '';
    waves.complete();
    run.enter(Phase.Deployment);
    await deploying;
    result.waves = waves.result;
    const released = [...waves.released, ...(await followInbox(run, decisions, terms))];

    // 5. Post-deployment: watch everything that was deployed to its end; the same alert on several circuits is a pattern.
    run.enter(Phase.Watching);
    if (released.length > 0) Object.assign(result, await watchAll(run, released, { production, circuits, groups }, since, terms));
    return { ...result, ...conclusion(result) };
  }, (outcome, reason) => ({ ...result, outcome, reason }));
}

type Gathered = ReviewPlan & { circuits: Awaited<ReturnType<typeof loadCircuits>>['circuits']; production: WorkspaceRef | null; more: number; unreadable: Refusal[] };

async function gather({ plant, gate }: ReviewPendingReleasesInput, groupSize: number): Promise<Gathered> {
  const scope = plant === undefined ? {} : { plant };
  const { gates, more, unreadable } = await findWaitingGates({ now: now().toISOString(), gates: gate === undefined ? [ReleaseGate.Stage1, ReleaseGate.Stage3] : [gate], runbooks: ['releaseModel'], ...scope });
  if (gates.length === 0) return { groups: [], conflicts: [], circuits: [], production: null, more, unreadable };
  const targets = new Map(gates.flatMap(({ target }) => (target === null ? [] : [[targetLabel(target), { plant: target.plant, circuit: target.circuit }] as const])));
  const [{ circuits, production }, { busy }] = await Promise.all([loadCircuits({ targets: [...targets.values()] }), findBusyTargets(scope)]);
  return { ...planReview({ gates, circuits, busy, groupSize }), circuits, production, more, unreadable };
}

async function watchAll(run: Run, released: string[], { production, circuits, groups }: Pick<Gathered, 'production' | 'circuits' | 'groups'>, since: string, terms: typeof reviewDefaults): Promise<Pick<ReviewPendingReleasesResult, 'counts' | 'lost' | 'waiting' | 'patterns'>> {
  const { counts, lost, waiting } = await watchReleased(run, released, terms);
  const labels = new Set(groups.flatMap(({ members }) => members).filter(({ workflowId }) => released.includes(workflowId)).map(({ target }) => targetLabel(target)));
  const places = circuits.filter(({ target }) => labels.has(targetLabel(target))).map(({ target, endpoint, deployment }) => ({ circuit: targetLabel(target), endpoint, deployment }));
  const read = production === null ? null : await run.attempt('The alerts could not be read', () => readAlertRules({ workspace: production, places, since }));
  const patterns = alertPatterns(read?.alerts ?? []);
  for (const { rule, circuits: hit } of patterns.slice(0, 3)) run.note(`Alert ${rule} fired on ${hit.length} of the circuits: ${hit.slice(0, 5).join(', ')}. Look for a common cause.`);
  return { counts, lost, waiting, patterns };
}

function conclusion({ groups, waves, lost, waiting, patterns }: ReviewPendingReleasesResult): Pick<ReviewPendingReleasesResult, 'outcome' | 'reason'> {
  const decided = groups.filter(({ state }) => state === 'approved' || state === 'rejected');
  const said = [`${decided.length} of ${groups.length} groups decided`, ...(lost.length > 0 ? [`${lost.length} lost`] : []), ...(waiting.length > 0 ? [`${waiting.length} still under way, not followed any longer`] : []), ...(patterns.length > 0 ? [`${patterns.length} alert patterns`] : []), ...(waves.stopped === null ? [] : [waves.stopped])].join('; ');
  if (waves.stopped !== null) return { outcome: 'rejected', reason: said };
  const isSilent = decided.length === 0 && groups.some(({ state }) => state === 'undecided');
  return { outcome: isSilent ? 'expired' : 'succeeded', reason: said };
}
