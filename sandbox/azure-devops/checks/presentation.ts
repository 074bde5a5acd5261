import { REPOSITORY, REPOSITORY_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { identityOf } from '../identity.ts';
import type { Configuration } from './configurations.ts';
import { STAGE_PIPELINE, type CheckRun, type StageRun } from './stage-runs.ts';

/** The run as a build. */
export function presentStageBuild(run: StageRun, addresses: Addresses): object {
  const { buildId, result, createdAt, finishedAt, sourceBranch, sourceVersion, planId } = run;
  const requestedFor = identityOf(run.requestedFor);
  return {
    _links: { web: { href: `${addresses.organisation()}/${run.projectId}/_build/results?buildId=${buildId}` } },
    id: buildId,
    buildNumber: String(buildId),
    status: result === null ? 'inProgress' : 'completed',
    ...(result === null ? {} : { result: result === 'skipped' ? 'succeeded' : result, finishTime: finishedAt }),
    queueTime: createdAt,
    startTime: createdAt,
    reason: 'individualCI',
    definition: { ...STAGE_PIPELINE, path: '\\' },
    project: addresses.project(),
    sourceBranch,
    sourceVersion,
    requestedFor,
    requestedBy: requestedFor,
    repository: { id: REPOSITORY_ID, name: REPOSITORY, type: 'TfsGit' },
    orchestrationPlan: { planId },
    uri: `vstfs:///Build/Build/${buildId}`,
    url: addresses.api(`build/builds/${buildId}`),
  };
}

/** The records of the build's timeline that concern its stage. */
export function stageRecords({ stageId, stage, attempt, result, checks, finishedAt }: StageRun): object[] {
  const state = result === null ? 'pending' : 'completed';
  const checkpoint = checks.every((check) => check.state === 'completed') ? 'completed' : 'inProgress';
  return [
    { id: stageId, parentId: null, type: 'Stage', name: stage, identifier: stage, attempt, state, result, finishTime: finishedAt },
    { id: `${stageId.slice(0, -4)}cafe`, parentId: stageId, type: 'Checkpoint', name: 'Checkpoint', identifier: `Checkpoint.${stage}`, attempt, state: checkpoint, result: checkpoint === 'completed' ? result : null },
  ];
}

/** A check's task in the timeline of its plan. */
export function checkRecords(checks: readonly CheckRun[]): object[] {
  return checks.flatMap(({ taskInstanceId, jobId, state, result, startedAt, finishedAt, logId }) => {
    const shared = { state, result, startTime: startedAt, finishTime: finishedAt };
    return [
      { id: jobId, parentId: null, type: 'Job', name: 'Check', ...shared, log: null },
      { id: taskInstanceId, parentId: jobId, type: 'Task', name: 'InvokeRESTAPI', ...shared, log: logId === null ? null : { id: logId } },
    ];
  });
}

/** The settings come only where they are asked for. */
export function presentConfiguration({ settings, ...configuration }: Configuration, addresses: Addresses, expand: string | undefined): object {
  const withSettings = expand?.toLowerCase() === 'settings';
  return { ...configuration, ...(withSettings ? { settings } : {}), url: addresses.api(`pipelines/checks/configurations/${configuration.id}`) };
}
