import { constants } from 'node:os';
import { ensureDependencies } from './dependencies.mjs';
import { compileCache, pathWithProject } from './paths.mjs';
import { runCommand } from './run-command.mjs';
import { onSignal } from './signals.mjs';
import { say, StepFailed, stopSteps } from './steps.mjs';
import { chromiumPath, ensureProductionTemporal, ensureTemporal, ensureTestServer, ensureWorkflowBundle, requireSystemPackages } from './tools.mjs';

const usage = `Usage: node scripts/bootstrap.mjs [installed | run | test | platforms] [-- command argument ...]
  installed   the packages
  run         also the Temporal CLI and the workflow bundle (the default)
  test        also the time-skipping server; Chromium, Java and Maven must be there
  platforms   also Temporal as it runs in production; PostgreSQL must be there`;

/** What each level of need prepares. Values become environment variables of the command. */
const preparations = {
  async installed() {
    await ensureDependencies();
    return {};
  },
  async run() {
    const [TEMPORAL_CLI] = await together(ensureTemporal(), ensureDependencies().then(ensureWorkflowBundle));
    return { TEMPORAL_CLI };
  },
  async test() {
    requireSystemPackages();
    const [prepared] = await together(preparations.run(), ensureTestServer());
    return { ...prepared, CHROMIUM_PATH: chromiumPath() };
  },
  async platforms() {
    // One after the other: compiling Temporal's server takes all that a small machine has.
    const prepared = await preparations.run();
    return { ...prepared, POSTGRES_BIN: await ensureProductionTemporal() };
  },
};

/** Prepares what `args` ask for and runs their command; returns the exit status. */
export async function bootstrap(args) {
  const separator = args.indexOf('--');
  const [need = 'run', ...rest] = separator < 0 ? args : args.slice(0, separator);
  const command = separator < 0 ? [] : args.slice(separator + 1);
  if (!Object.hasOwn(preparations, need) || rest.length > 0) {
    say(usage);
    return 2;
  }
  onSignal((signal) => {
    stopSteps();
    process.exit(128 + constants.signals[signal]);
  });
  try {
    const prepared = await preparations[need]();
    if (command.length === 0) {
      say('Everything is ready.');
      return 0;
    }
    return await runCommand(command, { NODE_COMPILE_CACHE: compileCache, ...process.env, ...prepared, PATH: pathWithProject() });
  } catch (error) {
    stopSteps();
    say(error instanceof StepFailed ? error.message : error.stack);
    return 1;
  }
}

/** Waits for all; the first failure stops the others, so that nothing goes on after the message. */
async function together(...work) {
  try {
    return await Promise.all(work);
  } catch (error) {
    stopSteps();
    await Promise.allSettled(work);
    throw error;
  }
}
