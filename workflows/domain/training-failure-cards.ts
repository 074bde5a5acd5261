/** What people are asked and told about training failures. */
import { clip } from './answer.ts';
import type { GateCard } from './card.ts';
import type { RefusedFile } from './circuit-config.ts';
import type { EnvironmentDefinition } from './environment.ts';
import { environmentReference } from './environment.ts';
import { targetLabel } from './ids.ts';
import { trainingCauseText } from './training-failure-cause.ts';
import { byCause, hasRoom, labelsOf, limitWanted, type ComputeQuota, type FailureCase } from './training-failures.ts';

/** What is asked about an environment: the same definition under another version. */
export interface RebuildEvidence {
  from: string;
  environment: EnvironmentDefinition;
  cases: FailureCase[];
}

/** May the environment be rebuilt? */
export function rebuildCard({ from, environment, cases }: RebuildEvidence, named: boolean): GateCard {
  return {
    question: `Rebuild ${from} and retry ${labelsOf(cases)} in it?`,
    recommendation: 'approve: their logs blame the environment, and a rebuild changes nothing that runs.',
    comparison: null,
    facts: [
      ...cases.slice(0, 5).map(lineOf),
      `the same definition, image ${environment.image}${environment.conda === null ? '' : ' with its conda specification'}, becomes ${environmentReference(environment)}`,
      ...(named ? [`the estate goes on naming ${from}: whoever approves sees to it that it names the new version`] : []),
    ],
    change: `registers ${environmentReference(environment)} in the workspace, reads it back, and retries ${cases.length} ${cases.length === 1 ? 'job' : 'jobs'} in it, each once.`,
    undo: 'none needed: no deployment and no other training names the new version.',
  };
}

/** Is it repaired, so that these may be retried? */
export function repairedCard(cases: readonly FailureCase[]): GateCard {
  return {
    question: `Is it repaired, and may ${labelsOf(cases)} be retried?`,
    recommendation: 'look closely: this is what people have to repair. What can be looked at is looked at again once you approve.',
    comparison: null,
    facts: byCause(cases).flatMap(({ cause, cases: of }) => [`${trainingCauseText[cause]} (${of.length}):`, ...of.slice(0, 3).flatMap((each) => [`${targetLabel(each.training.target)}: ${each.fix}`, lineOf(each)]), ...(of.length > 3 ? [`and ${of.length - 3} more`] : [])]).slice(0, 16),
    change: `retries ${cases.length} ${cases.length === 1 ? 'job' : 'jobs'}, each once; name in "except" those that are not repaired. Rejecting, with the reason, leaves all of them.`,
    undo: 'the retries are cancelled with the run.',
  };
}

/** A failed job and the line that tells why. */
export function lineOf({ training, report }: FailureCase): string {
  const { evidence, tail } = report;
  const line = evidence === null ? (tail.at(-1) ?? 'it has no log') : `${evidence.number === null ? evidence.source : `line ${evidence.number}`}: ${evidence.line}`;
  return clip(`${targetLabel(training.target)}, job ${training.jobName}: ${line}`, 300);
}

/** The comment that the author of a configuration gets. */
export function configComment(files: readonly { complaint: RefusedFile; jobName: string }[]): string {
  return [
    'The training of these circuits failed because of their configuration. Correct them in a new pull request: merging it trains them again.',
    '',
    ...files.map(({ complaint, jobName }) => `- \`${placeOf(complaint)}\`: ${clip(complaint.reason.replaceAll('`', "'"), 300)} (job ${jobName})`),
  ].join('\n');
}

/** `config/plants/P001/C001.yml:4` */
export function placeOf({ path, line }: RefusedFile): string {
  return line === null ? path : `${path}:${line}`;
}

/** The request for more quota, ready to be sent on. */
export function quotaRequest(quota: ComputeQuota, cases: readonly FailureCase[], needed: number | null): string[] {
  const { name, used, limit, location, compute, vmSize, vCpus } = quota;
  return [
    hasRoom(quota) ? `There is room for a node now: ${used} of ${limit} vCPUs are used. Nothing has to be requested unless it happens again.` : `Request: raise "${name}" in ${location} from ${limit} to ${limitWanted(quota, cases.length, needed)} vCPUs.`,
    `Used now: ${used} of ${limit} vCPUs. One node of ${compute} (${vmSize}) needs ${vCpus}.`,
    `Reason: ${cases.length} training ${cases.length === 1 ? 'job' : 'jobs'} failed for want of quota: ${labelsOf(cases)}.`,
    ...cases.slice(0, 5).map(lineOf),
  ];
}
