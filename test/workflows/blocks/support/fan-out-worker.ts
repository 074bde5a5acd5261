/** A worker of the fan-out's test that can be killed: its own process. Arguments: address, task queue, and the file in which each piece of work that was done is a line. */
import { appendFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { heartbeat } from '@temporalio/activity';
import { NativeConnection, Worker } from '@temporalio/worker';
import { payloadConverterPath } from '../../../../workers/temporal-client.ts';

const [address = '', taskQueue = '', codePath = '', log = ''] = process.argv.slice(2);
const connection = await NativeConnection.connect({ address });
const worker = await Worker.create({
  connection,
  taskQueue,
  workflowBundle: { codePath },
  dataConverter: { payloadConverterPath },
  stickyQueueScheduleToStartTimeout: '1s',
  activities: {
    work: async (item: string) => {
      heartbeat();
      await sleep(50);
      appendFileSync(log, `${item}\n`);
      return { ok: true };
    },
    putBack: async () => undefined,
  },
});
await worker.run();
