import { runDetails, userLogUrl } from '../../activities/azure-ml/run-history.ts';
import type { ArmClient } from '../../activities/azure-resource-manager/arm-client.ts';
import { DEV_WORKSPACE, RESOURCE_GROUP, SUBSCRIPTION_ID } from '../../sandbox/core/tenancy.ts';
import { askWeb } from '../supervise/web.ts';
import { workspaceRef } from './platform-clients.ts';

const workspace = workspaceRef(DEV_WORKSPACE);
const epochLine = /^epoch (\d+)\/(\d+)\b/;

export interface TrainingProgressOptions {
  arm: ArmClient;
  caFile: string;
  pullRequestId: number;
  /** A line for people: what a training job has logged. */
  onLine: (line: string) => void;
}

/**
 * A function that reports what the pull request's training jobs have logged since its last call, as the platform tells it.
 * Epochs are many: of those that are new, the last is reported. It is a show: what cannot be read now is read at the next call.
 */
export function trainingProgress({ arm, caFile, pullRequestId, onLine }: TrainingProgressOptions): () => Promise<void> {
  const read = new Map<string, number>();
  return async () => {
    try {
      for (const jobName of await trainingJobs(arm, pullRequestId)) {
        const lines = await logLines(arm, jobName, caFile);
        const fresh = lines.slice(read.get(jobName) ?? 0);
        read.set(jobName, lines.length);
        const isPassed = (line: string, index: number) => epochLine.test(line) && epochLine.test(fresh[index + 1] ?? '');
        for (const line of fresh.filter((each, index) => !isPassed(each, index))) onLine(`${jobName.replace(/-[^-]*$/, '')}  ${line}`);
      }
    } catch {
      // The job may not have started, or the stand-in may be restarting.
    }
  };
}

async function trainingJobs(arm: ArmClient, pullRequestId: number): Promise<string[]> {
  return arm.typed(SUBSCRIPTION_ID, async ({ jobs }) => {
    const names: string[] = [];
    for await (const { name, properties } of jobs.list(RESOURCE_GROUP, DEV_WORKSPACE)) {
      if (name !== undefined && properties.tags?.pull_request === String(pullRequestId)) names.push(name);
    }
    return names;
  });
}

/** The complete lines of the job's log so far. */
async function logLines(arm: ArmClient, jobName: string, caFile: string): Promise<string[]> {
  const url = userLogUrl(await runDetails(arm, workspace, jobName));
  if (url === null) return [];
  const { status, text } = await askWeb(url, { caFile });
  return status === 200 ? text.split('\n').slice(0, -1) : [];
}
