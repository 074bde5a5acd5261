/** The gates of an environment's update. They have the policy of the gravest of the circuits that it concerns. */
import type { GateRequest } from '../blocks/gate-request.ts';
import { now } from '../blocks/workflow-clock.ts';
import { environmentRollbackCard, environmentStage1Card, environmentStage3Card, type AskedAccount, type EnvironmentEvidence } from '../domain/environment-cards.ts';
import type { EnvironmentChange, EnvironmentDefinition, FleetTest, NotebookEvidence } from '../domain/environment.ts';
import { evidenceItem, type Measured } from '../domain/evidence.ts';
import { ReleaseGate } from '../domain/phases.ts';
import type { ChecklistItem, GatePolicy, TargetPolicy } from '../domain/policy.ts';
import { readPullRequest } from '../releases/release-activities.ts';
import { gateTerms, monitoringSentence } from '../releases/release-gates.ts';
import { checkNotebook } from './environment-activities.ts';

/** What the gates ask about. */
export interface AskedUpdate {
  change: EnvironmentChange;
  environment: EnvironmentDefinition;
  policy: TargetPolicy;
  requestedBy: string[];
}

/** The one thing of a release's machine items that an environment has as well. */
const mergedItem = 'pull-request-completed';

/** Stage 1: the file, and the notebook in which somebody has scored with it. */
export async function stage1Gate(asked: AskedUpdate, notebook: NotebookEvidence, models: number): Promise<GateRequest<EnvironmentEvidence>> {
  const measure = () => stage1Evidence(asked, notebook);
  return { ...stageTerms(asked, 'stage1'), silence: 'the update expires and nothing is tested', measured: await measure(), measure, card: (evidence) => environmentStage1Card(asked.change, evidence, models) };
}

async function stage1Evidence({ environment, policy }: AskedUpdate, notebook: NotebookEvidence): Promise<Measured<EnvironmentEvidence>> {
  const checked = await checkNotebook({ workspace: policy.workspaces.dev, notebook });
  const at = now().toISOString();
  return { evidence: { environment, notebook: checked }, items: [evidenceItem('environment file', environment, at), evidenceItem('notebook', checked, at)] };
}

/**
 * Stage 3: the results of the integration test. Every model that failed is an item of the checklist that a person answers by name: without that nobody can approve. `except` leaves out more.
 *
 * @param again repeats the whole integration test, when its results have become stale
 */
export function stage3Gate(asked: AskedUpdate, tested: { test: FleetTest; at: string; passed: string[] }, waves: number, again: () => Promise<{ test: FleetTest; at: string }>): GateRequest<FleetTest> {
  const { change, environment, policy } = asked;
  const measured = ({ test, at }: { test: FleetTest; at: string }): Measured<FleetTest> => ({ evidence: test, items: [evidenceItem('integration test', test, at)] });
  let latest: { test: FleetTest; at: string } = tested;
  const terms = stageTerms(asked, 'stage3');
  return {
    ...terms,
    policy: { ...terms.policy, checklist: [...terms.policy.checklist, ...tested.test.failures.map(exception)] },
    silence: 'the update expires and production stays as it is',
    parts: tested.passed,
    measured: measured(tested),
    measure: async (how) => {
      if (how === 'anew') latest = await again();
      return measured(latest);
    },
    card: (test) => environmentStage3Card(change, environment, test, waves, monitoringSentence(policy.monitoring)),
  };
}

/** A watch without a verdict: silence keeps the environment. */
export function rollbackGate({ change, environment, policy }: AskedUpdate, account: AskedAccount, doubt: string): GateRequest<string> {
  const terms = gateTerms(ReleaseGate.Rollback, policy);
  return {
    ...terms,
    policy: { ...terms.policy, opening: null, checklist: [], onSilence: 'expire' },
    policyOf: { target: policy.target, gate: ReleaseGate.Rollback },
    requestedBy: [],
    silence: account.waiting === 0 ? 'the environment stays' : 'the environment stays, and the waves go on',
    measured: { evidence: doubt, items: [evidenceItem('monitoring', doubt, now().toISOString())] },
    measure: null,
    card: (evidence) => environmentRollbackCard(change, environment, account, evidence),
  };
}

/** How a failed model is named on the checklist: `except-P001-C003`. */
export function exceptionId(label: string): string {
  return `except-${label.replace('/', '-')}`;
}

function exception({ item, detail }: { item: string; detail: string }): ChecklistItem {
  return { id: exceptionId(item), text: `${item} failed its test (${detail}): leave it out`, by: 'person', people: null };
}

function stageTerms({ change: { pullRequest }, policy, requestedBy }: AskedUpdate, gate: 'stage1' | 'stage3'): Pick<GateRequest, 'gate' | 'policy' | 'policyOf' | 'people' | 'estateDigest' | 'inboxUrl' | 'requestedBy' | 'check'> {
  const terms = gateTerms(gate, policy);
  const checklist = terms.policy.checklist.filter(({ id, by }) => by === 'person' || id === mergedItem);
  // Silence never updates a whole fleet.
  const onSilence: GatePolicy['onSilence'] = terms.policy.onSilence === 'approve' ? 'expire' : terms.policy.onSilence;
  return {
    ...terms,
    policy: { ...terms.policy, checklist, onSilence },
    policyOf: { target: policy.target, gate },
    requestedBy,
    check: async () => {
      const { status } = await readPullRequest({ repositoryId: pullRequest.repositoryId, pullRequestId: pullRequest.id });
      return { ok: status === 'completed', comment: `pull request ${pullRequest.id} is ${status}` };
    },
  };
}
