/** Gates of the draft, from the approvals before stages. */
import { isDeepStrictEqual } from 'node:util';
import { otherCheck, ruleOfCheck, ruleOfReleaseStage, type ApprovalRule } from './approval-rule.ts';
import type { Directory } from './directory.ts';
import type { Inventory } from './inventory.ts';

type DraftGateName = 'stage1' | 'stage3';

export interface DraftGate {
  /** Where it comes from, for people. */
  from: string;
  quorum: number;
  approvers: string[];
  mandatoryGroups: string[];
  fourEyes: boolean;
  /** As an estate writes it. */
  deadline: string;
}

export interface DraftGates {
  gates: Partial<Record<DraftGateName, DraftGate>>;
  /** Azure DevOps' environments, each with the gate of its stages. */
  environments: Record<string, { gate: DraftGateName }>;
  /** Whose approvals on Azure DevOps' pages are of which gate. */
  approvals: { gate: DraftGateName; pipeline?: string; release?: string; stage: string }[];
  unmapped: { what: string; why: string }[];
}

/** Azure DevOps' own time-out of an approval, in minutes. */
const ordinaryTimeout = 43_200;
const production = /prod|prd|live/i;
const notProduction = /non-?prod|pre-?prod/i;

/** Environments first, in the order of the project, then classic releases; what comes later and differs is listed. */
export async function draftGates({ environments, pipelines, releases }: Pick<Inventory, 'environments' | 'pipelines' | 'releases'>, directory: Directory): Promise<DraftGates> {
  const drafted: DraftGates = { gates: {}, environments: {}, approvals: [], unmapped: [] };
  const stages = pipelines.flatMap(({ definition: { name: pipeline }, file }) => (file?.stages ?? []).flatMap(({ name: stage, environments: used }) => used.map((environment) => ({ pipeline, stage, environment }))));
  const isSame = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase(); // Azure DevOps does not tell them apart

  for (const { name, checks } of environments) {
    const gate = gateOf(name);
    const users = stages.filter(({ environment }) => isSame(environment, name));
    const rules = checks.map(ruleOfCheck);
    for (const check of checks.filter((_each, index) => rules[index] === null)) {
      const { what, why } = otherCheck(check);
      drafted.unmapped.push({ what: `${what} of environment ${name}`, why });
    }
    const [rule, ...more] = rules.filter((each) => each !== null);
    if (more.length > 0) drafted.unmapped.push({ what: `${more.length} further approvals of environment ${name}`, why: 'a gate has one set of approvers' });
    if (users.length > 0 || rule) drafted.environments[name] = { gate };
    else drafted.unmapped.push({ what: `environment ${name}`, why: 'no stage that could be read deploys to it, and nobody approves there' });
    if (!rule) continue;
    drafted.approvals.push(...users.map(({ pipeline, stage }) => ({ gate, pipeline, stage })));
    await take(drafted, gate, `environment ${name}`, rule, directory);
  }
  for (const { environment, pipeline, stage } of stages) {
    if (!environments.some(({ name }) => isSame(name, environment))) drafted.unmapped.push({ what: `environment ${environment}`, why: `stage ${stage} of pipeline ${pipeline} deploys to it, and the project has none, or the sign-in does not see it` });
  }
  for (const { name: release, environments: releaseStages = [] } of releases) {
    for (const each of [...releaseStages].sort((left, right) => left.rank - right.rank)) {
      const [gate, rule] = [gateOf(each.name), ruleOfReleaseStage(each)];
      const where = `stage ${each.name} of release ${release}`;
      if ((each.postDeployApprovals?.approvals ?? []).some(({ isAutomated, approver }) => isAutomated !== true && approver)) drafted.unmapped.push({ what: `the approval after ${where}`, why: 'after a deployment the alerts are watched, and the gate "rollback" asks' });
      if (!rule) {
        drafted.unmapped.push({ what: where, why: 'nobody approves before it' });
        continue;
      }
      drafted.approvals.push({ gate, release, stage: each.name });
      await take(drafted, gate, where, rule, directory);
    }
  }
  return drafted;
}

/** The first one is the gate; one that differs is listed. */
async function take({ gates, unmapped }: DraftGates, gate: DraftGateName, from: string, rule: ApprovalRule, directory: Directory): Promise<void> {
  const drafted = await draftGate(from, rule, directory, unmapped);
  const taken = gates[gate];
  gates[gate] ??= drafted;
  if (!taken) return;
  const differs = (['approvers', 'quorum', 'mandatoryGroups', 'fourEyes', 'deadline'] as const).filter((field) => !isDeepStrictEqual(taken[field], drafted[field]));
  if (differs.length === 0) return;
  const own = differs.map((field) => `${field} ${Array.isArray(drafted[field]) ? drafted[field].join(', ') || 'none' : String(drafted[field])}`).join('; ');
  unmapped.push({ what: `the approval before ${from}`, why: `gate ${gate} was taken from ${taken.from}, and this one differs: ${own}; an estate tells gates apart by severity and plant` });
}

async function draftGate(from: string, { approvers: identities, count, fourEyes, timeoutMinutes, lost }: ApprovalRule, directory: Directory, unmapped: DraftGates['unmapped']): Promise<DraftGate> {
  const approvers: string[] = [];
  for (const identity of identities) approvers.push(await directory.nameOf(identity));
  const named = [...new Set(approvers)];
  const groups = named.filter((name) => directory.isGroup(name));
  for (const why of lost) unmapped.push({ what: `the approval before ${from}`, why });
  if (count === null && groups.length > 0 && groups.length < named.length) {
    unmapped.push({ what: `the approval before ${from}`, why: 'every one of its people and groups must approve; the gate wants as many approvals and somebody of each group, but not each person by name' });
  }
  return { from, quorum: count ?? Math.max(1, named.length), approvers: named, mandatoryGroups: count === null && named.length > 1 ? groups : [], fourEyes, deadline: lengthOf(timeoutMinutes ?? ordinaryTimeout) };
}

function gateOf(name: string): DraftGateName {
  return production.test(name) && !notProduction.test(name) ? 'stage3' : 'stage1';
}

function lengthOf(minutes: number): string {
  return minutes % 1_440 === 0 ? `${minutes / 1_440}d` : minutes % 60 === 0 ? `${minutes / 60}h` : `${minutes}m`;
}
