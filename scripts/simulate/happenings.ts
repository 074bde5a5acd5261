/** What happens in a story without anybody being asked: alerts, changes of the estate, jobs of the schedule, workers that are restarted, what others do beside the run. */
import { alertSignal } from '../../workflows/blocks/monitoring-window.ts';
import { causeOf } from './answering.ts';
import { happenBeside } from './beside-the-run.ts';
import type { NewerReleases } from './newer-releases.ts';
import { writeReadings } from './scenes/predictions.ts';
import { putIntoProduction } from './scenes/serving.ts';
import type { Stage } from './stage.ts';
import { targetOf } from './story-pieces.ts';
import type { StoryEvent } from './story.ts';

export interface Happening {
  stage: Stage;
  /** New workers in place of those that were there. */
  restartWorkers: () => Promise<void>;
  /** The releases that events start. */
  newer: NewerReleases;
  /** Runs that events have started, by their ids. */
  begun: string[];
  /** The one whose review was opened last. */
  pullRequestId: number | null;
}

/** Lets it happen, while the time stands; answers what happened, in words. */
export async function happen(happening: Happening, event: StoryEvent, workflowId: string): Promise<string> {
  const { stage, restartWorkers, pullRequestId } = happening;
  const { alert, estate, cancel, worker, batchJob, readings, serving, pullRequest, merge, override } = event;
  const { standIn, client } = stage;
  if (alert) {
    const { plant, circuit } = targetOf(alert.target);
    if (alert.told) {
      await client.workflow.getHandle(workflowId).signal(alertSignal, { name: alert.rule });
      return `alert ${alert.rule} (Sev${alert.severity}) for ${alert.target} comes in, and the run is told`;
    }
    await standIn.alert(plant, circuit, { rule: alert.rule, severity: alert.severity, condition: alert.resolved ? 'Resolved' : 'Fired' });
    return `alert ${alert.rule} (Sev${alert.severity}) ${alert.resolved ? 'is resolved' : 'fires'} for ${alert.target}`;
  }
  if (estate) {
    stage.changeEstate(estate);
    return `the estate changes: ${Object.keys(estate).join(', ')}`;
  }
  if (batchJob) {
    const { plant, circuit } = targetOf(batchJob.target);
    await standIn.scheduledJob(plant, circuit, batchJob.dataUri === undefined ? {} : { dataUri: batchJob.dataUri });
    return `the schedule starts a batch job of ${batchJob.target}`;
  }
  if (readings) {
    writeReadings(stage, [readings]);
    return `the readings of ${readings.target} are changed from ${readings.from} on`;
  }
  if (serving) {
    await putIntoProduction({ standIn, sandbox: stage.sandbox, pass: async () => undefined }, [serving]);
    return `version ${serving.version} of ${serving.target} is brought into production`;
  }
  if (pullRequest) {
    if (pullRequestId === null) return `there is no pull request that could be ${pullRequest.is}`;
    await standIn.closePullRequest(pullRequestId, pullRequest.is === 'merged' ? 'merge' : 'abandon', pullRequest.by);
    return `${pullRequest.by} ${pullRequest.is === 'merged' ? 'merges' : 'abandons'} the pull request`;
  }
  if (merge) {
    await standIn.completePullRequest(merge.files, { title: 'Another change', createdBy: merge.by });
    return `${merge.by} merges another pull request: ${Object.keys(merge.files).join(', ')}`;
  }
  if (override) {
    const said = `${override.by} asks to override the freeze: ${override.reason}`;
    return await client.workflow.getHandle(workflowId).executeUpdate('overrideFreeze', { args: [override] }).then(() => said, (error: unknown) => `${said} (refused: ${causeOf(error)})`);
  }
  if (worker) {
    await restartWorkers();
    return 'the workers are restarted';
  }
  const beside = await happenBeside(happening, event);
  if (beside !== null) return beside;
  await client.workflow.getHandle(workflowId).cancel();
  return `the run is cancelled: ${cancel}`;
}
