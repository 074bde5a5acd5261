/** The control: the same number of activities in the same order, two signals, and a mutex that is a workflow of its own; with nothing else around them. */
import { condition, defineSignal, defineUpdate, getExternalWorkflowHandle, proxyActivities, setHandler, workflowInfo } from '@temporalio/workflow';

type Step = (input: object) => Promise<object>;
const { step, announce, claim } = proxyActivities<{ step: Step; announce: Step; claim: Step }>({ taskQueue: 'bare-activities', startToCloseTimeout: '2m', heartbeatTimeout: '5s' });

export const approveSignal = defineSignal<[object]>('approve');

/** `stages`: how many activities come before the first signal, between the two, and after the second. `lock`: the mutex that is held in the last stage, claimed beside its first activity. */
export async function bareRelease({ stages, lock }: { stages: readonly number[]; lock: string }): Promise<string> {
  let approvals = 0;
  setHandler(approveSignal, () => {
    approvals += 1;
  });
  for (const [stage, steps] of stages.entries()) {
    if (stage > 0) {
      void announce({ stage });
      await condition(() => approvals === stage);
      void announce({ stage, decided: true });
    }
    const isLast = stage === stages.length - 1;
    if (isLast) await Promise.all([claim({ lock, holder: workflowInfo().workflowId }), step({ stage, done: 0 })]);
    for (let done = isLast ? 2 : 0; done < steps; done += 1) await step({ stage, done });
  }
  await getExternalWorkflowHandle(lock).signal('release', workflowInfo().workflowId);
  return 'succeeded';
}

/** A mutex without a queue, leases or anything to see: whoever claims it has it. */
export async function bareLock(): Promise<void> {
  let holder: string | null = null;
  setHandler(defineUpdate<boolean, [string]>('acquire'), (by) => {
    holder ??= by;
    return holder === by;
  });
  setHandler(defineSignal<[string]>('release'), (by) => {
    if (holder === by) holder = null;
  });
  await condition(() => false);
}
