/** The control: a workflow that counts what it is sent, by update or by signal, and nothing else. */
import { condition, defineQuery, defineSignal, defineUpdate, setHandler } from '@temporalio/workflow';

export async function bareCount(): Promise<number> {
  let count = 0;
  let isOver = false;
  const add = (): number => (count += 1);
  setHandler(defineQuery<number>('count'), () => count);
  setHandler(defineUpdate<number, [unknown]>('decide'), add);
  setHandler(defineSignal<[unknown]>('approve'), () => void add());
  setHandler(defineSignal('end'), () => {
    isOver = true;
  });
  await condition(() => isOver);
  return count;
}
