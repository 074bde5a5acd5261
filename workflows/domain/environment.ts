/** The environment that models are scored in, as its file in the repository describes it, and what an update of it comes to. */
import type { RefusedFile } from './circuit-config.ts';
import type { CompensationReport } from './compensation.ts';
import { csvText } from './csv-text.ts';
import type { FanOutReport } from './fan-out.ts';
import type { FleetChanges } from './fleet-changes.ts';
import { assetVersion } from './ids.ts';
import type { TargetPolicy } from './policy.ts';
import type { Production, PullRequest } from './release.ts';
import type { Outcome, Target } from './vocabulary.ts';

/** Where the file is, in the repository. */
export const environmentPath = 'environment/custom_tf_env.yml';

/** An environment version, as Azure ML registers it. */
export interface EnvironmentDefinition {
  name: string;
  /** `<major>.<minor>.<patch>` */
  version: string;
  image: string;
  /** The conda specification as YAML; null where the image has everything. */
  conda: string | null;
  description: string;
  tags: Record<string, string>;
}

/** Most failed models that an update bears: each is named by a person. */
export const mostFailures = 20;

/** What a merged pull request made of the environment. */
export interface EnvironmentChange {
  pullRequest: PullRequest;
  /** Null where the file was refused. */
  environment: EnvironmentDefinition | null;
  /** The version that the branch had before; null where it had none. */
  previous: { name: string; version: string } | null;
  /** What is wrong with the file, or with the step from the version before. */
  refused: RefusedFile[];
}

/** The notebook in which somebody has loaded a model and scored with it. */
export interface NotebookEvidence {
  /** `azureml://datastores/…` of the dev workspace, which is read and checked; any other address is only passed on. */
  link: string;
  /** SHA-256, hexadecimal, of the file. */
  sha256: string;
  by: string;
}

/** What was found in the notebook. */
export interface NotebookCheck extends NotebookEvidence {
  /** Whether it could be read here at all. */
  isRead: boolean;
  /** Empty when nothing speaks against it. */
  findings: string[];
  /** Code cells, and how many of them were executed. */
  cells: number;
  executed: number;
}

export interface UpdateEnvironmentInput {
  repositoryId: string;
  pullRequestId: number;
  /** May also come while the run waits, by the update `attachNotebook`. */
  notebook?: { link: string; sha256: string };
  /** Most test inferences at the same time; 5 by default. */
  maxParallel?: number;
  /** How many failed tests stop the integration test; 5 percent of the models by default. */
  failureBudget?: number;
  /** Deployments that are updated together; 10 by default. */
  waveSize?: number;
  /** How long a wave waits for locks that other runs hold, in milliseconds; a minute by default. */
  lockWaitMs?: number;
  /** Who ran `holdpoint start`; excluded from approving, like the author. */
  startedBy?: string;
  again?: { reason: string };
}

/** A model's deployment, as the fleet's update knows it. */
export interface FleetMember {
  target: Target;
  label: string;
  endpoint: string;
  deployment: string;
}

/** What an item of the integration test gets. */
export interface TestModelInput {
  /** Registered name of the circuit's model. */
  model: string;
  /** Where it serves and is tried: told by the run that tests, so that all of them go by the same policy. */
  place: Pick<TargetPolicy, 'workspaces' | 'endpoint' | 'deployment' | 'inference' | 'location' | 'settleMs'>;
  /** `azureml:<name>:<version>` */
  environment: string;
  /** How the run that tests signs what it makes. */
  signature: string;
}

/** The integration test as approvers and the result see it: every row is in the table, by reference. */
export interface FleetTest extends Omit<FanOutReport, 'items'> {
  table: { uri: string; sha256: string } | null;
  /** Those that failed, at most as many as a budget bears. */
  failures: { item: string; detail: string }[];
}

export interface UpdateEnvironmentResult {
  outcome: Outcome;
  reason: string;
  pullRequest: number;
  environment: { name: string; version: string; previous: string } | null;
  refused: RefusedFile[];
  test: FleetTest | null;
  production: Production;
  /** Labels of the deployments that have the new version at the end. */
  updated: string[];
  /** Labels of those that were left out: by failure, by exception, because their lock was not free, or because their model changed since its test. */
  leftOut: string[];
  /** Labels of those that were put back. */
  rolledBack: string[];
  /** What became of each deployment: exact numbers, and one row for each by reference. Null: none was about to be changed. */
  changes: FleetChanges | null;
  compensations?: CompensationReport[];
}

/** Batch jobs that ended, and how many of them failed: in the week before a change, and since. */
export interface BatchSuccess {
  before: { ended: number; failed: number };
  after: { ended: number; failed: number };
}

/** Whether jobs fail more often than in the week before: by more than ten points, and more than twice. Null: they do not. */
export function successProblem({ before, after }: BatchSuccess): string | null {
  const share = ({ ended, failed }: BatchSuccess['before']): number => (ended === 0 ? 0 : failed / ended);
  if (after.failed <= 2 || share(after) <= share(before) + 0.1) return null;
  return `${after.failed} of ${after.ended} batch jobs failed since the update, ${before.failed} of ${before.ended} in the week before`;
}

/** Why a deployment is not updated that serves another model than its integration test scored with; null: it is the same, or nobody told which it was. Both are asset ids. */
export function changedSinceTest(tested: string | undefined, serves: string): string | null {
  if (tested === undefined || tested === serves) return null;
  const [before, after] = [assetVersion(tested), assetVersion(serves)];
  const areVersions = before !== '' && after !== '' && before !== after;
  return `its model changed since its test: tested ${areVersions ? before : tested}, serves ${areVersions ? after : serves}`;
}

/** `azureml:<name>:<version>`, which deployments and registrations of any workspace resolve to their own. */
export function environmentReference({ name, version }: { name: string; version: string }): string {
  return `azureml:${name}:${version}`;
}

/** What speaks against going from one version to the other without retraining; null: it is the next patch. */
export function stepProblem(previous: { name: string; version: string } | null, next: { name: string; version: string }): string | null {
  if (previous === null) return 'version: the branch had no such file before, so there is nothing that this could be a patch of';
  if (previous.name !== next.name) return `name: "${next.name}" is another environment than "${previous.name}"; only a new version of the same can be rolled out this way`;
  const [before, after] = [numbersOf(previous.version), numbersOf(next.version)];
  if (before === null) return `version: the version before, "${previous.version}", is not <major>.<minor>.<patch>`;
  if (after === null) return `version: "${next.version}" is not <major>.<minor>.<patch>`;
  const step = `${previous.version} → ${next.version}`;
  if (after[0] !== before[0]) return `version: ${step} is a MAJOR step; only a PATCH step can be rolled out without retraining`;
  if (after[1] !== before[1]) return `version: ${step} is a MINOR step; only a PATCH step can be rolled out without retraining`;
  if (after[2] === before[2]) return `version: still ${next.version}; the patch must be raised by one`;
  return after[2] === before[2] + 1 ? null : `version: ${step} is not the next PATCH, which is ${before[0]}.${before[1]}.${before[2] + 1}`;
}

function numbersOf(version: string): [number, number, number] | null {
  const parts = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)$/.exec(version);
  return parts && [Number(parts[1]), Number(parts[2]), Number(parts[3])];
}

/** The table of an integration test: one row for each model, in order. */
export function testTable({ items }: Pick<FanOutReport, 'items'>): string {
  return csvText([['model', 'state', 'detail', 'output'], ...items.map(({ item, state, detail, reference }) => [item, state, detail, reference ?? ''])]);
}

/** The compact form of a fan-out's report. */
export function fleetTest({ items, ...counts }: FanOutReport, table: FleetTest['table']): FleetTest {
  return { ...counts, table, failures: items.filter(({ state }) => state === 'failed').slice(0, mostFailures).map(({ item, detail }) => ({ item, detail })) };
}

