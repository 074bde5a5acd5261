/** The least that takes answers as a gate does: it notes each message with the workflow's time and ends when told. */
import { condition, defineQuery, defineSignal, defineUpdate, getExternalWorkflowHandle, setHandler } from '@temporalio/workflow';
import { payloadDigest } from '../../workflows/domain/record.ts';
import type { Answer } from '../../workflows/domain/answer.ts';
import type { WaitingAnswer } from '../../workflows/domain/identity.ts';

export const noted = defineQuery<WaitingAnswer[]>('noted');

export async function answering(): Promise<WaitingAnswer[]> {
  const answers: WaitingAnswer[] = [];
  let isOver = false;
  const note = (channel: WaitingAnswer['channel'], value: unknown): void => {
    answers.push({ id: answers.length + 1, channel, answer: value as Answer, payloadDigest: payloadDigest(channel, value), receivedAt: new Date(Date.now()).toISOString() });
  };
  setHandler(noted, () => answers);
  setHandler(
    defineUpdate<number, [unknown]>('decide'),
    (value) => {
      note('decide', value);
      return answers.length;
    },
    {
      validator: (value) => {
        if ((value as Answer).gate === undefined) throw new Error('it names no gate');
      },
    },
  );
  setHandler(defineSignal<[unknown?]>('approve'), (value) => note('approve', value));
  setHandler(defineSignal<[unknown?]>('reject'), (value) => note('reject', value));
  setHandler(defineSignal('end'), () => {
    isOver = true;
  });
  await condition(() => isOver);
  return answers;
}

/** Answers another run, as a workflow can. */
export async function answerFor(workflowId: string, answer: Answer): Promise<void> {
  await getExternalWorkflowHandle(workflowId).signal('approve', answer);
}
