import { FreezeWait } from '../blocks/freeze-wait.ts';
import type { GateOutcome } from '../blocks/gate-request.ts';
import { Gates } from '../blocks/gates.ts';
import { MonitoringWindow } from '../blocks/monitoring-window.ts';
import { requireInput } from '../blocks/required-input.ts';
import { ResourceLock } from '../blocks/resource-lock.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { ReleaseModelPhase as Phase } from '../domain/phases.ts';
import type { ReleaseModelInput, ReleaseModelResult } from '../domain/release.ts';
import { approvedWithChange, keepApproval } from './joint-approval.ts';
import { deployVerified } from './production-deployment.ts';
import { releaseGateServices } from './gate-services.ts';
import { appendToRecord, loadPolicy, promoteModel, recordVerdict, watchAlerts } from './release-activities.ts';
import { rollbackGate, stage1Gate, stage3Evidence, stage3Gate } from './release-gates.ts';
import { reviewTraining } from './review-training.ts';
import { describeBreach, rollBackRelease, type Breach } from './roll-back-release.ts';
import { retireOlderReleases } from './supersede.ts';
import { testInference } from './test-inference.ts';
import { fileWorkItem } from './turned-down.ts';
import { wayToProduction } from './way-to-production.ts';

/** New model deployment, steps 7 to 11: Stage 1 approval, registry, Stage 2 test, Stage 3 approval, production, 24 hours of alerts. One run for each version of a circuit's model. */
export async function releaseModel(input: ReleaseModelInput): Promise<ReleaseModelResult> {
  requireInput(input, ['target.plant', 'target.circuit', 'model', 'version', 'trainingJob', 'pullRequest.id', 'pullRequest.title', 'requestedBy']);
  const run = new Run({ phase: Phase.Review, target: { ...input.target, version: input.version }, appendToRecord });
  const gates = new Gates(run, releaseGateServices(run));
  const monitoring = new MonitoringWindow();
  const lock = new ResourceLock(run, input.target);
  const freeze = new FreezeWait(run, gates);
  const result = (outcome: ReleaseModelResult['outcome'], reason: string, serving: string | null = null): ReleaseModelResult => ({
    outcome, reason, target: input.target, version: input.version, production: run.production, serving: serving ?? (run.production === 'changed' ? input.version : null), workItem: null,
  });

  return await run.conclude(async () => {
    const policy = await loadPolicy({ target: input.target, at: now().toISOString() });
    const { workspaces, registry, endpoint, deployment } = policy;

    await retireOlderReleases(run, input, policy);

    const turnedDown = async (decision: Exclude<GateOutcome, { state: 'approved' }>): Promise<ReleaseModelResult> => {
      if (decision.state === 'expired') return result('expired', 'nobody answered in time');
      if (decision.state === 'superseded') return result('rejected', decision.reason);
      const reason = `${decision.by}: ${decision.reason}`;
      run.enter(Phase.Closing);
      return { ...result('rejected', reason), workItem: await fileWorkItem(run, input, policy, reason) };
    };

    // 7. Stage 1 approval: review the model's metrics and the training log; approve or reject the registry promotion.
    const evidence = await reviewTraining(input, policy);
    run.enter(Phase.Stage1);
    const withChange = approvedWithChange(input, evidence, policy);
    const stage1 = withChange ?? (await gates.pass(stage1Gate(evidence, input, policy)));
    if ('state' in stage1 && stage1.state !== 'approved') return await turnedDown(stage1);

    run.enter(Phase.Promotion);
    if (withChange) await keepApproval(run, withChange);
    const promoted = await promoteModel({ key: run.key('promote'), from: workspaces.dev, registry, model: input.model, version: input.version, tags: { approved_by: approvers(stage1), run: run.signature } });
    run.effect({ step: 'registry promotion', what: `${input.model} ${input.version}`, platform: 'azure-ml', resource: promoted.assetId, before: null, after: input.version });

    // 8. Stage 2 auto-test: test inference in the test workspace; its log and its output files.
    run.enter(Phase.Stage2);
    const tested = await testInference(run, input, policy, promoted.assetId);
    const results = await stage3Evidence(tested, policy);

    // 9. Stage 3 approval: review the test results; approve or reject the production deployment.
    run.enter(Phase.Stage3);
    const asked = stage3Gate(run, tested, results, input, policy);
    const stage3 = await gates.pass(asked);
    if (stage3.state !== 'approved') return await turnedDown(stage3);

    // 10. Production: the circuit's own deployment, its tags verified by reading back. Neither stopped nor frozen; one run at a time changes it, and a rollback takes it over at any moment.
    const way = await wayToProduction({ run, gates, lock, freeze, input, policy }, asked, stage3);
    if (way.state !== 'clear') return await turnedDown(way);
    const { approved, since, known } = way;
    const { before } = approved.evidence;
    const watched = await lock.whileHeld<ReleaseModelResult | Breach>(async () => {
      await deployVerified(run, input, policy, before, promoted.assetId, approvers(approved), lock);

      // 11. Monitor alerts for 24 hours.
      run.enter(Phase.Monitoring);
      const { forMs, everyMs, breachSeverity, onBreach } = policy.monitoring;
      const verdict = await monitoring.watch(() => watchAlerts({ workspace: workspaces.production, endpoint, deployment, known, since, breachSeverity, intervalMs: everyMs, polls: Math.ceil(forMs / everyMs) + 1 }));
      if (verdict.kind === 'healthy') {
        await run.attempt('The verdict could not be recorded', () => recordVerdict({ registry, model: input.model, version: input.version, verdict: 'good' }));
        return result('succeeded', `in production; no alert in ${verdict.polls} measurements`, input.version);
      }

      // A breach: offer the rollback, or take it, as the policy says. What could not be watched is for a person to judge.
      run.enter(Phase.Rollback);
      const breach = describeBreach(verdict);
      const isCertain = verdict.kind !== 'inconclusive';
      if (onBreach === 'rollBack' && isCertain) return { verdict, by: [] };
      const decision = await gates.pass(rollbackGate(breach, isCertain, before, input, policy));
      if (decision.state !== 'approved') return result('succeeded', `in production; kept although ${breach}`, input.version);
      return { verdict, by: decision.by };
    }, (by) => ({ ...result('rejected', `pre-empted by ${by}: what serves is for it to decide`), serving: null }));
    if ('outcome' in watched) return watched;

    // Emergency rollback, by its own runbook, which takes the lock over: switches, verifies, opens the incident, and is reviewed afterwards.
    const ending = await rollBackRelease(run, input, policy, watched);
    return { ...result('rejected', ending.reason), ...ending };
  }, result);
}

/** Who let it pass, for the platform's tags. */
function approvers({ by }: { by: readonly string[] }): string {
  return by.length > 0 ? by.join(',') : 'nobody: silence approves by policy';
}
