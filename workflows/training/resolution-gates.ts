/** What a person is asked while training failures are resolved. Decided by those who decide on Stage 1 of the gravest circuit; silence changes nothing. */
import type { GateOutcome, GateRequest } from '../blocks/gate-request.ts';
import { now } from '../blocks/workflow-clock.ts';
import { environmentReference } from '../domain/environment.ts';
import { evidenceItem, type Measured } from '../domain/evidence.ts';
import { targetLabel } from '../domain/ids.ts';
import { ResolutionGate } from '../domain/phases.ts';
import { rebuildCard, repairedCard, type RebuildEvidence } from '../domain/training-failure-cards.ts';
import type { FailureCase } from '../domain/training-failures.ts';
import { gateTerms } from '../releases/release-gates.ts';
import { planEnvironmentRebuild, registerRebuilt } from './failure-activities.ts';
import { byCompute, lookAtData, lookAtQuota } from './fix-causes.ts';
import type { Resolution } from './resolution.ts';

type Terms = Omit<GateRequest, 'measured' | 'measure' | 'card'>;

function terms({ place: { policy }, input }: Resolution, gate: string, silence: string): Terms {
  const stage1 = gateTerms('stage1', policy);
  return {
    ...stage1,
    gate,
    policy: { ...stage1.policy, opening: null, checklist: [], onSilence: 'expire' },
    policyOf: { target: policy.target, gate: 'stage1' },
    requestedBy: input.startedBy === undefined ? [] : [input.startedBy],
    silence,
  };
}

/** The environment: rebuilt as a new version once a person has approved, and read back. Answers whether nobody answered. */
export async function rebuildEnvironments(about: Resolution, cases: FailureCase[]): Promise<{ expired: boolean }> {
  const { run, gates, place: { policy } } = about;
  const workspace = policy.workspaces.dev;
  let expired = false;
  for (const [index, [environmentId, group]] of [...byEnvironment(cases)].entries()) {
    const key = run.key(`rebuild ${environmentId}`);
    const plan = environmentId === '' ? { kind: 'none' as const, reason: 'its job names no environment' } : await planEnvironmentRebuild({ workspace, environmentId, key });
    if (plan.kind === 'none') {
      for (const each of group) [each.next, each.fix] = ['ask', plan.reason];
      continue;
    }
    const { from, environment } = plan;
    const gate = index === 0 ? ResolutionGate.Environment : `${ResolutionGate.Environment}-${index + 1}`;
    const evidence: RebuildEvidence = { from, environment, cases: group };
    const decision = await gates.pass<RebuildEvidence>({
      ...terms(about, gate, 'nothing is rebuilt, and these jobs are not retried'),
      measured: { evidence, items: [evidenceItem('environment', { from, environment }, now().toISOString()), evidenceItem('failed jobs', namesOf(group), now().toISOString())] },
      measure: null, // a version's definition never changes, and neither does a job's log
      card: (shown) => rebuildCard(shown, policy.training.environment === from),
    });
    if (decision.state !== 'approved') {
      expired ||= decision.state === 'expired';
      for (const each of group) [each.next, each.fix] = ['left', `${from} was not rebuilt: ${saidBy(decision)}`];
      continue;
    }
    const { environmentId: registered } = await registerRebuilt({ workspace, environment, run: run.signature });
    const reference = environmentReference(environment);
    run.effect({ step: 'environment', what: `${from} rebuilt as ${reference}`, platform: 'azure-ml', resource: registered, before: from, after: reference });
    about.said.rebuilt.push({ from, to: reference });
    if (policy.training.environment === from) run.note(`The estate still names ${from} for trainings: let it name ${reference}.`);
    for (const each of group) [each.next, each.environment, each.fix] = ['ready', reference, `${from} was rebuilt as ${reference}, approved by ${decision.by.join(', ')}`];
  }
  return { expired };
}

/** What people repair by hand: asked once for all of it, with exceptions. What can be looked at is looked at again. */
export async function askWhetherRepaired(about: Resolution, cases: FailureCase[]): Promise<{ expired: boolean }> {
  const measured: Measured<FailureCase[]> = { evidence: cases, items: [evidenceItem('failed jobs', namesOf(cases), now().toISOString())] };
  const decision = await about.gates.pass<FailureCase[]>({
    ...terms(about, ResolutionGate.Repaired, 'these jobs are not retried'),
    parts: cases.map(({ training }) => targetLabel(training.target)),
    measured,
    measure: null, // what a person repairs meanwhile is looked at once it is said to be repaired
    card: repairedCard,
  });
  const excepted = decision.state === 'approved' ? cases.filter(({ training }) => decision.except.includes(targetLabel(training.target))) : cases;
  for (const each of excepted) [each.next, each.fix] = ['left', `${each.fix}; ${decision.state === 'approved' ? `left out by ${decision.by.join(', ')}` : saidBy(decision)}`];
  if (decision.state !== 'approved') return { expired: decision.state === 'expired' };

  const repaired = cases.filter((each) => !excepted.includes(each));
  const data = repaired.filter(({ report }) => report.cause === 'dataAccess');
  if (data.length > 0) await lookAtData(about, data);
  for (const group of byCompute(repaired.filter(({ report }) => report.cause === 'quota')).values()) await lookAtQuota(about, group);
  const by = `repaired, as ${decision.by.join(', ')} said`;
  for (const each of repaired) [each.next, each.fix] = each.isWanting ? ['left', `${each.fix}, although it was said to be repaired`] : ['ready', by];
  return { expired: false };
}

function byEnvironment(cases: readonly FailureCase[]): Map<string, FailureCase[]> {
  const groups = new Map<string, FailureCase[]>();
  for (const each of cases) groups.set(each.report.environmentId ?? '', [...(groups.get(each.report.environmentId ?? '') ?? []), each]);
  return groups;
}

function namesOf(cases: readonly FailureCase[]): string[] {
  return cases.map(({ training }) => training.jobName);
}

function saidBy(decision: Exclude<GateOutcome, { state: 'approved' }>): string {
  return decision.state === 'expired' ? 'nobody answered in time' : `${decision.by}: ${decision.reason}`;
}
