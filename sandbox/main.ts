import { join, resolve } from 'node:path';
import { createSandbox } from './server.ts';

const stateDir = resolve(process.env.HOLDPOINT_STATE ?? '.cache/state', 'sandbox');
const port = Number(process.env.SANDBOX_PORT ?? '8443');
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error(`SANDBOX_PORT must be a port number, not ${JSON.stringify(process.env.SANDBOX_PORT)}`);
  process.exit(2);
}

const sandbox = await createSandbox({ stateDir, port });
if (process.argv.includes('--json')) {
  console.log(JSON.stringify({ url: sandbox.url, port: sandbox.port, caFile: sandbox.caFile, stateDir }));
} else {
  console.log(`The stand-in answers at ${sandbox.url}; its authority is ${join(stateDir, 'certificates', 'ca.pem')}.`);
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void sandbox.close().then(() => process.exit(0)));
}
