import { Gates } from '../blocks/gates.ts';
import { FreezeWait } from '../blocks/freeze-wait.ts';
import { BoundedFanOut } from '../blocks/bounded-fan-out.ts';
import type { GateOutcome } from '../blocks/gate-request.ts';
import { MonitoringWindow } from '../blocks/monitoring-window.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { fleetTest, type UpdateEnvironmentInput, type UpdateEnvironmentResult } from '../domain/environment.ts';
import { UpdateEnvironmentPhase as Phase } from '../domain/phases.ts';
import { FleetLocks } from '../locks/fleet-locks.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { tellAuthor } from '../releases/refusals.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { readEnvironmentChange, registerEnvironment } from './environment-activities.ts';
import { rollbackGate, stage1Gate, stage3Gate } from './environment-gates.ts';
import { FleetUpdate } from './fleet-update.ts';
import { HeldFleet } from './held-fleet.ts';
import { testedModels, testEveryModel } from './integration-test.ts';
import { Notebook } from './notebook.ts';
import { isStale, waitOutFreeze, waveWrite } from './update-freeze.ts';
import { planUpdate } from './update-plan.ts';
import { batchProblem, describeRates, watchFleet } from './watch-fleet.ts';

/** Environment update, non-breaking: a PATCH of the environment, tested with every model, rolled out to all deployments in waves, watched for 24 hours. */
export async function updateEnvironment(input: UpdateEnvironmentInput): Promise<UpdateEnvironmentResult> {
  requireInput(input, ['repositoryId', 'pullRequestId']);
  const run = new Run({ phase: Phase.Reading, target: null, appendToRecord });
  const gates = new Gates(run, releaseGateServices(run));
  const monitoring = new MonitoringWindow();
  const fanOut = new BoundedFanOut();
  const freeze = new FreezeWait(run, gates);
  const locks = new FleetLocks(run);
  const notebook = new Notebook(input.notebook, input.startedBy ?? 'whoever started the run');
  const known: Pick<UpdateEnvironmentResult, 'environment' | 'refused' | 'test' | 'leftOut'> = { environment: null, refused: [], test: null, leftOut: [] };
  let fleet: FleetUpdate | null = null;
  const result = (outcome: UpdateEnvironmentResult['outcome'], reason: string): UpdateEnvironmentResult => ({
    outcome, reason, pullRequest: input.pullRequestId, ...known, test: known.test ?? (fanOut.report && fleetTest(fanOut.report, null)), production: run.production,
    updated: fleet?.updated.map(({ label }) => label) ?? [], leftOut: fleet?.leftOut ?? known.leftOut, rolledBack: fleet?.restored ?? [], changes: fleet?.changes ?? null,
  });
  const turnedDown = (decision: Exclude<GateOutcome, { state: 'approved' }>): UpdateEnvironmentResult =>
    decision.state === 'expired' ? result('expired', 'nobody answered in time') : result('rejected', `${decision.by}: ${decision.reason}`);

  return await run.conclude(async () => {
    // 1. The updated source: a PATCH step only, declared as compatible and without retraining. Anything else is refused and told to its author.
    const change = await readEnvironmentChange({ repositoryId: input.repositoryId, pullRequestId: input.pullRequestId });
    const plan = await planUpdate(input);
    const { policy, members } = plan;
    const { environment, previous, pullRequest } = change;
    known.refused = change.refused;
    if (environment === null) {
      await tellAuthor(run, input, change.refused, policy.settleMs);
      return result('rejected', change.refused.map(({ path, line, reason }) => `${path}${line === null ? '' : `:${line}`}: ${reason}`).join('; '));
    }
    known.environment = { name: environment.name, version: environment.version, previous: previous?.version ?? 'none' };

    // 2. Test in the dev workspace: register it there, and wait for the notebook in which somebody has loaded a model and scored with it.
    run.enter(Phase.Notebook);
    const { dev, test, production } = policy.workspaces;
    await registerEnvironment({ workspace: dev, environment, run: run.signature });
    run.progress([`Waits for a notebook from ${dev.workspace} in which a model is loaded and scored with ${environment.name} ${environment.version}: update attachNotebook with link, sha256 and by.`]);
    const evidence = await notebook.attached(policy.gates.stage1.clock.decide.afterMs);
    run.progress([]);
    if (evidence === null) return result('expired', 'nobody attached a notebook in time');

    // 3. Starting this run was the manual trigger. 4. Stage 1 approval: the notebook's evidence; then the version is registered where it will be tested and used.
    run.enter(Phase.Stage1);
    const asked = { change, environment, policy, requestedBy: [...new Set([pullRequest.createdBy, evidence.by, ...(input.startedBy === undefined ? [] : [input.startedBy])])] };
    const stage1 = await gates.pass(await stage1Gate(asked, evidence, members.length));
    if (stage1.state !== 'approved') return turnedDown(stage1);
    run.enter(Phase.Promotion);
    for (const workspace of [test, production]) {
      const { environmentId } = await registerEnvironment({ workspace, environment, run: run.signature });
      run.effect({ step: 'environment registration', what: `${environment.name} ${environment.version}`, platform: 'azure-ml', resource: environmentId, before: null, after: environment.version });
    }

    // 5. Stage 2 integration tests: every model, five at once, until too many have failed.
    run.enter(Phase.Stage2);
    let generation = 0;
    const testAll = async () => {
      known.test = null;
      const tested = await testEveryModel(run, fanOut, policy, { environment, members, maxParallel: plan.maxParallel, failureBudget: plan.failureBudget, generation: generation++, tell: (account) => (known.test = account) });
      known.leftOut = tested.report.items.filter(({ state }) => state !== 'passed').map(({ item }) => item);
      return { ...tested, at: now().toISOString(), passed: tested.report.items.filter(({ state }) => state === 'passed').map(({ item }) => item) };
    };
    let tested = await testAll();
    if (tested.report.stopped) return result('rejected', `the integration test was stopped: ${tested.test.failed} of ${tested.test.total} models failed, ${tested.test.tolerated} are borne; ${tested.test.notStarted} were not tested`);
    if (tested.passed.length === 0) return result('rejected', 'no model could be tested: nothing is in production');

    // 6. Stage 3 approval: opens at zero failures; each model that failed has to be named as an exception before anybody can approve.
    run.enter(Phase.Stage3);
    const named = tested.test.failures.map(({ item }) => item);
    const stage3 = await gates.pass(stage3Gate(asked, tested, Math.ceil(tested.passed.length / plan.waveSize), async () => (tested = await testAll())));
    if (stage3.state !== 'approved') return turnedDown(stage3);
    const frozen = await waitOutFreeze(freeze, asked, members);
    if (frozen.superseded) return turnedDown(frozen.superseded);
    if (frozen.hasWaited && isStale(tested.at, policy)) tested = await testAll();
    const unnamed = tested.test.failures.find(({ item }) => !named.includes(item));
    if (tested.report.stopped || unnamed) return result('rejected', `the repeated integration test failed for ${unnamed?.item ?? 'too many models'}, which nobody has named as an exception`);

    // Update-all deployment, in waves, each deployment under its lock and read back.
    run.enter(Phase.Deployment);
    const since = now().toISOString();
    const leftOut = new Map([...tested.report.items.flatMap(({ item, state, detail }) => (state === 'passed' ? [] : [[item, `test ${state}: ${detail}`] as const])), ...stage3.except.map((label) => [label, `excepted at Stage 3 by ${stage3.by.join(', ')}`] as const)]);
    const held = new HeldFleet({ run, gates, monitoring, asked, since });
    fleet = new FleetUpdate({ ...plan, run, locks, environment, members: members.filter(({ label }) => !leftOut.has(label)), leftOut, tested: testedModels(tested.report), waveWrite: waveWrite(run, freeze, asked, held), held });
    const ended = await fleet.updateAll();
    if (ended?.kind === 'superseded') return turnedDown(ended.outcome);
    if (ended) return result('rejected', `rolled back (${ended.putBack}) while ${ended.wave} was held: ${ended.reason}`);
    const { updated, leftOutMeanwhile } = fleet;
    if (updated.length === 0) return result('rejected', `no deployment could be updated: see the account of the changes${leftOutMeanwhile}`);

    // 7. Stage 4 monitor, for 24 hours: the alert rates, and at its end the success of batch jobs, against the week before.
    run.enter(Phase.Monitoring);
    const verdict = await monitoring.watch(() => watchFleet(policy, updated, since, policy.monitoring.forMs));
    const jobsFail = verdict.kind === 'healthy' ? await batchProblem(run, policy, updated, since) : null;
    if (verdict.kind === 'healthy' && jobsFail === null) return result('succeeded', `${updated.length} deployments score in ${environment.name} ${environment.version}; ${describeRates(verdict)}${leftOutMeanwhile}`);

    // 8. Roll back if needed, in the same waves; what could not be watched is for a person to judge.
    run.enter(Phase.Rollback);
    const reason = jobsFail ?? describeRates(verdict);
    if (verdict.kind === 'inconclusive') {
      const decision = await gates.pass(rollbackGate(asked, fleet.howFar, reason));
      if (decision.state !== 'approved') return result('succeeded', `kept although ${reason}${leftOutMeanwhile}`);
    }
    return result('rejected', `rolled back (${await fleet.rollBack()}): ${reason}`);
  }, result);
}
