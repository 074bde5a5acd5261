/** The control: the same number of activities in the same order and two signals, with nothing else around them. */
import { condition, defineSignal, proxyActivities, setHandler } from '@temporalio/workflow';

type Step = (input: object) => Promise<object>;
const { step, announce } = proxyActivities<{ step: Step; announce: Step }>({ taskQueue: 'bare-activities', startToCloseTimeout: '2m', heartbeatTimeout: '5s' });

export const approveSignal = defineSignal<[object]>('approve');

/** `stages`: how many activities come before the first signal, between the two, and after the second. */
export async function bareRelease({ stages }: { stages: readonly number[] }): Promise<string> {
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
    for (let done = 0; done < steps; done += 1) await step({ stage, done });
  }
  return 'succeeded';
}
