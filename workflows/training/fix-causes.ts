/** Step 3 of the document, cause by cause: what the run can do about each by itself, and whom it tells. What is to become of a job stands in its case. */
import { configComment, lineOf, placeOf, quotaRequest } from '../domain/training-failure-cards.ts';
import { complaintOf, hasRoom, labelsOf, type ChangeRef, type FailureCase } from '../domain/training-failures.ts';
import { closeDuplicateComments, commentOnPullRequest } from '../releases/release-activities.ts';
import { checkTrainingData, locateConfigError, readComputeQuota } from './failure-activities.ts';
import { fileItem, type Resolution } from './resolution.ts';

/** Data asset or Delta Lake access: the path that failed goes to the data engineers, with whether there is anything now; only what is there is retried. */
export async function checkDataAccess(about: Resolution, cases: FailureCase[]): Promise<void> {
  if (cases.length === 0) return;
  const seen = await lookAtData(about, cases);
  const sentences = [...seen].map(([path, state]) => `${path}: ${state}; failed for ${labelsOf(cases.filter((each) => pathsOf(each).includes(path)))}`);
  const item = await fileItem(about, { what: 'data access', title: `Training cannot read its data: ${labelsOf(cases, 3)}`, sentences: [...sentences, ...cases.slice(0, 5).map(lineOf)], tags: ['data-engineering'] });
  for (const each of cases) if (each.next === 'ask') each.fix += `; ${item === null ? 'nobody could be told' : `the data engineers have ${item}`}`;
}

/** Looks at the paths of these jobs; answers each path with what was seen. */
export async function lookAtData({ place: { policy } }: Resolution, cases: readonly FailureCase[]): Promise<Map<string, string>> {
  const paths = [...new Set(cases.flatMap(pathsOf))];
  const readable = paths.filter((path) => path.startsWith('azureml://datastores/'));
  const { data } = readable.length === 0 ? { data: [] } : await checkTrainingData({ workspace: policy.workspaces.dev, uris: readable });
  const there = new Set(data.flatMap(({ uri, isThere }) => (isThere ? [uri] : [])));
  const stateOf = (path: string): string => (there.has(path) ? 'is there now' : readable.includes(path) ? 'is not there' : 'cannot be looked at from here');
  for (const each of cases) {
    const own = pathsOf(each);
    const wanting = own.find((path) => !there.has(path));
    each.isWanting = wanting !== undefined && readable.includes(wanting);
    each.next = own.length > 0 && wanting === undefined ? 'ready' : 'ask';
    each.fix = wanting === undefined ? (own.length === 0 ? 'its log names no path' : 'its data are there now') : `${wanting} ${stateOf(wanting)}`;
  }
  return new Map(paths.map((path) => [path, stateOf(path)]));
}

/** The address that the log names, or else those of the job's data. A model that it is compared with is none of them. */
function pathsOf({ report: { details, inputs } }: FailureCase): string[] {
  return details.path !== null ? [details.path] : inputs.filter((uri) => !/\/models\//.test(uri));
}

/** Configuration errors go to their authors, with file and line. They are not retried as they are: merging the correction trains the circuit. */
export async function tellAuthors(about: Resolution, cases: FailureCase[]): Promise<void> {
  const byChange = new Map<string, FailureCase[]>();
  for (const each of cases) {
    const { change } = each.training;
    const key = change === null ? '' : `${change.repositoryId}/${change.pullRequestId}`;
    byChange.set(key, [...(byChange.get(key) ?? []), each]);
  }
  for (const group of byChange.values()) {
    const { change } = group[0]!.training;
    const told = change === null ? null : await about.run.attempt(`The author of pull request ${change.pullRequestId} could not be told`, () => tellAuthor(about, change, group));
    if (told !== null) continue;
    const item = await fileItem(about, { what: `configuration of ${labelsOf(group, 3)}`, title: `Training refuses the configuration of ${labelsOf(group, 3)}`, sentences: group.map((each) => `${placeInLog(each)}${lineOf(each)}`) });
    for (const each of group) [each.next, each.fix] = ['left', `${placeInLog(each)}${item ?? 'nobody could be told'}; its author is not known from the job`];
  }
}

async function tellAuthor({ run, place: { policy } }: Resolution, change: ChangeRef, cases: readonly FailureCase[]): Promise<true> {
  const files: { complaint: ReturnType<typeof complaintOf>; jobName: string; author: string; each: FailureCase }[] = [];
  for (const each of cases) {
    const { author, found } = await locateConfigError({ ...change, target: each.training.target, field: each.report.details.field });
    files.push({ complaint: complaintOf(each, found), jobName: each.training.jobName, author, each });
  }
  const key = run.key(`configuration errors of ${change.repositoryId}/${change.pullRequestId}`);
  const { threadId, uncertain } = await commentOnPullRequest({ ...change, key, markdown: configComment(files) });
  if (uncertain) run.beforeClosing('late twins of the comment', () => closeDuplicateComments({ ...change, key, keep: threadId, settleMs: policy.settleMs }));
  for (const { complaint, author, each } of files) [each.next, each.fix] = ['left', `${author} was told on pull request ${change.pullRequestId}: ${placeOf(complaint)}; merging the correction trains it`];
  return true;
}

function placeInLog({ report: { details: { file, line } } }: FailureCase): string {
  return file === null ? '' : `${placeOf({ path: file, line, reason: '' })}: `;
}

/** Compute quota: usage against limit from the platform, and a request for more, drafted. What has room now is retried. */
export async function requestQuota(about: Resolution, cases: FailureCase[]): Promise<void> {
  for (const [compute, group] of byCompute(cases)) {
    const quota = await lookAtQuota(about, group);
    if (quota !== null) about.said.quota.push(quota);
    const needed = Math.max(0, ...group.map(({ report }) => report.details.needed ?? 0));
    const sentences = quota === null ? [`The platform tells no figures for ${compute}.`, ...group.slice(0, 5).map(lineOf)] : quotaRequest(quota, group, needed === 0 ? null : needed);
    const item = await fileItem(about, { what: `quota of ${compute}`, title: `Quota for trainings on ${compute}${quota === null ? '' : `: ${quota.used} of ${quota.limit} vCPUs used`}`, sentences, tags: ['quota'] });
    for (const each of group) if (each.next === 'ask') each.fix += `; ${item === null ? 'the request could not be filed' : `the request is drafted in ${item}`}`;
  }
}

/** Reads the figures of one compute for its jobs. */
export async function lookAtQuota({ place: { policy } }: Resolution, cases: readonly FailureCase[]): Promise<Awaited<ReturnType<typeof readComputeQuota>>> {
  const { computeId } = cases[0]!.report;
  const quota = computeId === null ? null : await readComputeQuota({ workspace: policy.workspaces.dev, compute: computeId });
  for (const each of cases) {
    each.isWanting = quota !== null && !hasRoom(quota);
    each.next = quota !== null && hasRoom(quota) ? 'ready' : 'ask';
    each.fix = quota === null ? 'the platform tells no figures for its compute' : `${quota.used} of ${quota.limit} vCPUs of ${quota.name} are used, a node needs ${quota.vCpus}`;
  }
  return quota;
}

/** Jobs by the short name of their compute. */
export function byCompute(cases: readonly FailureCase[]): Map<string, FailureCase[]> {
  const groups = new Map<string, FailureCase[]>();
  for (const each of cases) {
    const compute = each.report.computeId?.split('/').at(-1)!.replace(/^azureml:/, '') ?? 'an unnamed compute';
    groups.set(compute, [...(groups.get(compute) ?? []), each]);
  }
  return groups;
}

/** What no log tells is for a person to judge. */
export function leaveToPeople(cases: readonly FailureCase[]): void {
  for (const each of cases) [each.next, each.fix] = ['ask', each.isRefused ? `nobody can tell why from what the platform said: ${each.report.tail.join(' ')}` : `nobody can tell why from its log: ${each.report.logUri}`];
}
