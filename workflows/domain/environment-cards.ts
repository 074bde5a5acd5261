/** What the approvers of an environment's update are shown. */
import type { GateCard } from './card.ts';
import type { EnvironmentChange, EnvironmentDefinition, FleetTest, NotebookCheck } from './environment.ts';

/** What Stage 1 decides on. */
export interface EnvironmentEvidence {
  environment: EnvironmentDefinition;
  notebook: NotebookCheck;
}

/** Stage 1: may this version be tested with every model? */
export function environmentStage1Card({ pullRequest, previous }: EnvironmentChange, { environment, notebook }: EnvironmentEvidence, models: number): GateCard {
  const { name, version, image, tags } = environment;
  const { isRead, findings, executed, cells, link, sha256, by } = notebook;
  return {
    question: `Test ${name} ${version} with all ${models} models?`,
    recommendation: !isRead ? 'look closely: the notebook lies where it could not be read; open it yourself.' : findings.length > 0 ? `reject: the notebook: ${findings[0]}.` : 'approve: the notebook is the one that was given, and all of its cells ran without an error.',
    comparison: null,
    facts: [
      `PATCH ${previous?.version ?? 'none'} → ${version}: ${tags['change_summary'] ?? ''}`,
      `image ${image}`,
      `notebook of ${by}, SHA-256 ${sha256.slice(0, 12)}: ${link}`,
      ...(isRead ? [`${executed} of ${cells} code cells were executed`, ...findings.slice(1)] : []),
      `asked by ${pullRequest.createdBy}: pull request ${pullRequest.id}, ${pullRequest.title}`,
    ],
    change: 'registers the version in the test and the production workspace and tests it in the test workspace; nothing in production uses it yet.',
    undo: 'none needed; a version that no deployment names serves nobody.',
  };
}

/** Stage 3: update all deployments whose models passed? */
export function environmentStage3Card({ pullRequest, previous }: EnvironmentChange, { name, version }: EnvironmentDefinition, { total, passed, failed, skipped, table, failures }: FleetTest, waves: number, watch: string): GateCard {
  const left = failed === 0 ? '' : `, leaving out ${failed}`;
  return {
    question: `Let ${passed} deployments score in ${name} ${version}${left}?`,
    recommendation: failed === 0 ? `approve: every one of ${passed} models passed its test.` : `look closely: ${failed} of ${total} models failed. Each has to be named before anybody can approve, and keeps ${previous?.version ?? 'its environment'}.`,
    comparison: null,
    facts: [
      `${passed} of ${total} models passed${skipped > 0 ? `, ${skipped} have nothing in production` : ''}`,
      ...(table === null ? ['the table of the results could not be kept'] : [`all results: ${table.uri}, SHA-256 ${table.sha256.slice(0, 12)}`]),
      ...failures.slice(0, 5).map(({ item, detail }) => `${item} failed: ${detail}`),
      `asked by ${pullRequest.createdBy}: pull request ${pullRequest.id}, ${pullRequest.title}`,
    ],
    change: `updates them in ${waves} waves, each deployment read back; models and everything else stay. Then ${watch}.`,
    undo: 'every definition as it was is put back, in the same waves.',
  };
}

/** How far an update is when somebody is asked to judge it. */
export interface AskedAccount {
  /** How many have the new environment, and how many wait for it still. */
  updated: number;
  waiting: number;
  /** Those that the waves have left out, each with the reason. */
  leftOut: readonly string[];
}

/** The watch came to no verdict: keep the environment, or put the former one back? */
export function environmentRollbackCard({ pullRequest, previous }: EnvironmentChange, { name, version }: EnvironmentDefinition, { updated, waiting, leftOut }: AskedAccount, doubt: string): GateCard {
  return {
    question: `Put ${updated} deployments back from ${name} ${version} to ${previous?.version ?? 'what they had'}?`,
    recommendation: `look closely: ${doubt}.`,
    comparison: null,
    facts: [`pull request ${pullRequest.id}: ${pullRequest.title}`, ...(waiting === 0 ? [] : [`${waiting} more wait for it`]), ...leftOut.slice(0, 5).map((each) => `not updated: ${each}`)],
    change: `puts back every definition as it was, in the same waves. Rejecting keeps ${version}${waiting === 0 ? '' : ', and the waves go on'}.`,
    undo: 'update the environment again.',
  };
}
