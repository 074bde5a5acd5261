/** A process that appends to a record, as a worker of its own would: `node append-process.ts <directory> <first> <count> [kill]`. With `kill` it dies by SIGKILL once its first block is written, before it can tell. */
import { join } from 'node:path';
import { createChain } from '../../../../activities/record/chain.ts';
import { openFolderStore } from '../../../../activities/record/folder-store.ts';
import { keyFiles, readPublicKeys, readSigningKey, watched } from '../../../../activities/record/key-ring.ts';
import { recordCall } from './record-calls.ts';

const [directory = '', first = '0', count = '1', kill] = process.argv.slice(2);
const files = keyFiles(join(directory, 'keys'), 'record');
const store = openFolderStore(join(directory, 'record'));
const chain = createChain({
  store: {
    ...store,
    async create(name, bytes) {
      const created = await store.create(name, bytes);
      if (kill === 'kill') process.kill(process.pid, 'SIGKILL');
      return created;
    },
  },
  signingKey: watched(files.privateKeys, readSigningKey),
  publicKeys: watched(files.publicKeys, readPublicKeys),
  build: `process ${process.pid}`,
});
const numbers = Array.from({ length: Number(count) }, (_, index) => Number(first) + index);
const positions = await Promise.all(numbers.map((number) => chain.append(recordCall(number))));
process.stdout.write(JSON.stringify(positions));
