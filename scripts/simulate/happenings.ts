/** What happens in a story without anybody being asked: alerts, changes of the estate, jobs of the schedule, workers that are restarted. */
import { writeReadings } from './scenes/predictions.ts';
import { putIntoProduction } from './scenes/serving.ts';
import type { Stage } from './stage.ts';
import { targetOf } from './story-pieces.ts';
import type { StoryEvent } from './story.ts';

export interface Happening {
  stage: Stage;
  /** New workers in place of those that were there. */
  restartWorkers: () => Promise<void>;
  /** The one whose review was opened last. */
  pullRequestId: number | null;
}

/** Lets it happen, while the time stands; answers what happened, in words. */
export async function happen({ stage, restartWorkers, pullRequestId }: Happening, { alert, estate, cancel, worker, batchJob, readings, serving, pullRequest }: StoryEvent, workflowId: string): Promise<string> {
  const { standIn, client } = stage;
  if (alert) {
    const { plant, circuit } = targetOf(alert.target);
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
  if (worker) {
    await restartWorkers();
    return 'the workers are restarted';
  }
  await client.workflow.getHandle(workflowId).cancel();
  return `the run is cancelled: ${cancel}`;
}
