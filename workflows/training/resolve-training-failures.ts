import pMap from 'p-map';
import { BoundedFanOut } from '../blocks/bounded-fan-out.ts';
import { Gates } from '../blocks/gates.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { escapeMarkup } from '../domain/markup.ts';
import { ResolveTrainingFailuresPhase as Phase } from '../domain/phases.ts';
import { trainingCauseText } from '../domain/training-failure-cause.ts';
import { lineOf } from '../domain/training-failure-cards.ts';
import { byCause, failuresHtml, failuresTable, mostRows, leaveRefused, newestOfEach, refusedCase, rowOf, summaryOf, type FailedTraining, type FailureCase, type ResolveTrainingFailuresInput, type ResolveTrainingFailuresResult } from '../domain/training-failures.ts';
import { releaseGateServices } from '../releases/gate-services.ts';
import { appendToRecord } from '../releases/release-activities.ts';
import { findFailedTrainings, keepTable, loadFailureRules, readTrainingFailure, tellFailureCount } from './failure-activities.ts';
import { checkDataAccess, leaveToPeople, requestQuota, tellAuthors } from './fix-causes.ts';
import { askWhetherRepaired, rebuildEnvironments } from './resolution-gates.ts';
import { fileItem, type Resolution } from './resolution.ts';
import { retryReady } from './retry-failed.ts';
import { loadTrainingPlace, type TrainingPlace } from './training-place.ts';

/** High training failure rate: identify the pattern, group the failures by cause, fix each cause, retry the failed jobs only, and tell how they ended. One run at a time for each workspace. */
export async function resolveTrainingFailures(input: ResolveTrainingFailuresInput): Promise<ResolveTrainingFailuresResult> {
  requireInput(input, ['workspace']);
  const run = new Run({ phase: Phase.Identify, target: null, appendToRecord });
  const gates = new Gates(run, releaseGateServices(run));
  const fanOut = new BoundedFanOut();
  const cases: FailureCase[] = [];
  const said: Resolution['said'] = { retried: null, table: null, quota: [], rebuilt: [], workItems: [] };
  const result = (outcome: ResolveTrainingFailuresResult['outcome'], reason: string): ResolveTrainingFailuresResult => ({
    outcome, reason, workspace: input.workspace, failures: cases.length, causes: Object.fromEntries(byCause(cases).map(({ cause, cases: of }) => [cause, of.length])), rows: cases.slice(0, mostRows).map(rowOf), ...said,
  });

  return await run.conclude(async () => {
    tellCounterAtTheEnd(run, input, cases);

    // 1. Identify the pattern: which circuits failed, and what do their logs say?
    const place = await loadTrainingPlace();
    const trained = place.policy.workspaces.dev.workspace;
    if (trained !== input.workspace) return result('rejected', `workspace: the estate trains in ${trained}, not in ${input.workspace}`);
    const about: Resolution = { run, gates, place, input, cases, said };
    const { jobs, complete } = await findFailed(place, input);
    const refused = input.refused ?? [];
    if (jobs.length + refused.length === 0) return result('succeeded', 'no training has failed lately: there is nothing to resolve');
    if (!complete) run.note('There are more failed jobs than one run reads: the newest are looked at.');
    run.enter(Phase.Logs);
    cases.push(...(await readCases(place, jobs)), ...refused.map(refusedCase));

    // 2. Common causes.
    for (const { cause, cases: of } of byCause(cases)) run.record.add({ kind: 'finding', what: `${of.length} training failures: ${trainingCauseText[cause]}`, detail: of.slice(0, 3).map(lineOf).join('; ') });
    const open = newestOfEach(cases).filter(({ training }) => training.later === null);
    const of = (cause: FailureCase['report']['cause']): FailureCase[] => open.filter(({ report }) => report.cause === cause);

    // 3. Fix the root cause: tell those who have to, request quota, rebuild what is corrupted once a person has approved.
    run.enter(Phase.Fix);
    await checkDataAccess(about, of('dataAccess'));
    await tellAuthors(about, of('config'));
    await requestQuota(about, of('quota'));
    leaveToPeople(of('unknown'));
    const rebuilt = await rebuildEnvironments(about, of('environment').filter(({ isRefused }) => !isRefused));
    open.filter(({ isRefused }) => isRefused).forEach(leaveRefused);

    // 4. Retry the failed jobs, and monitor their success; those that people have to repair once somebody says that they are.
    run.enter(Phase.Retry);
    await retryReady(about, fanOut, 'retry');
    const asked = open.filter(({ next }) => next === 'ask');
    let unanswered = rebuilt.expired;
    if (asked.length > 0) {
      run.enter(Phase.Person);
      unanswered = (await askWhetherRepaired(about, asked)).expired || unanswered;
      run.enter(Phase.Retry);
      await retryReady(about, fanOut, 'repaired');
    }

    run.enter(Phase.Report);
    await tellResults(about);
    const unresolved = open.filter(({ report, retry }) => (retry === null ? report.cause !== 'config' : retry.state !== 'passed'));
    return result(unresolved.length === 0 ? 'succeeded' : unanswered ? 'expired' : 'rejected', summaryOf(cases));
  }, result);
}

/** Those that failed within the estate's time, and those that were counted. */
async function findFailed({ policy, targets }: TrainingPlace, { jobs = [] }: ResolveTrainingFailuresInput): Promise<{ jobs: FailedTraining[]; complete: boolean }> {
  const { withinMs } = await loadFailureRules({});
  return await findFailedTrainings({ workspace: policy.workspaces.dev, targets, named: jobs, since: new Date(now().getTime() - withinMs).toISOString(), longestMs: policy.training.timeoutMs });
}

async function readCases({ policy }: TrainingPlace, jobs: readonly FailedTraining[]): Promise<FailureCase[]> {
  return await pMap(jobs, async (training): Promise<FailureCase> => {
    const report = await readTrainingFailure({ workspace: policy.workspaces.dev, jobName: training.jobName });
    const fix = training.later === null ? 'a newer job of the circuit failed too, and stands for it' : `trained again meanwhile: job ${training.later.jobName} is ${training.later.status}`;
    return { training, report, next: 'left', isWanting: false, fix, environment: null, retry: null };
  }, { concurrency: 5 });
}

/** However the run ends, its jobs count no more, and neither do its own retries. */
function tellCounterAtTheEnd(run: Run, { workspace, jobs = [] }: ResolveTrainingFailuresInput, cases: readonly FailureCase[]): void {
  const [workflowId = '', runId = ''] = run.signature.split(/\/(?=[^/]*$)/);
  run.beforeClosing('the counter of training failures', () => {
    const retries = cases.flatMap(({ retry }) => (retry?.reference ? [retry.reference] : []));
    return tellFailureCount({ workspace, ended: { workflowId, runId, jobs: [...new Set([...jobs, ...cases.map(({ training }) => training.jobName), ...retries])] } });
  });
}

/** The table: whole in the workspace's storage, and for people in one work item. */
async function tellResults(about: Resolution): Promise<void> {
  const { run, place, cases, said, input } = about;
  const rows = cases.map(rowOf);
  said.table = await run.attempt('The table of the failures could not be kept', () => keepTable({ key: run.key('table'), workspace: place.policy.workspaces.dev, name: 'training-failures.csv', text: failuresTable(rows) }));
  const whole = said.table === null ? [] : [`All rows: ${said.table.uri}`];
  await fileItem(about, { what: 'results', title: `Training failures in ${input.workspace}: ${summaryOf(cases)}`, sentences: [`${summaryOf(cases)}.`, ...said.rebuilt.map(({ from, to }) => `${from} was rebuilt as ${to}; the estate has to name it for later trainings.`), ...whole], html: failuresHtml(rows, escapeMarkup) });
}
