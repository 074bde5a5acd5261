/** Logs: pino, one JSON line each, with the workflow's and the activity's ids as Temporal's SDK gives them. */
import { DefaultLogger, Runtime, type LogEntry } from '@temporalio/worker';
import { pino, type Logger as PinoLogger } from 'pino';
import type { CommonConfiguration } from './configuration.ts';

/** Attributes of the SDK that are worth a field in each line. */
const fields = ['workflowId', 'runId', 'workflowType', 'activityId', 'activityType', 'attempt', 'taskQueue', 'sdkComponent', 'error', 'durationMs'] as const;

export function createLogger({ LOG_LEVEL }: Pick<CommonConfiguration, 'LOG_LEVEL'>, name: string): PinoLogger {
  return pino({ name, level: LOG_LEVEL, redact: ['req.headers.authorization', 'authorization'] });
}

/** Sends the SDK's and the workflows' log lines to pino. Must run before the first connection. */
export function installRuntime(logger: PinoLogger): void {
  Runtime.install({ logger: new DefaultLogger('INFO', (entry) => writeEntry(logger, entry)), shutdownSignals: [] });
}

function writeEntry(logger: PinoLogger, { level, message, meta }: LogEntry): void {
  const attributes = Object.fromEntries(fields.filter((field) => meta?.[field] !== undefined).map((field) => [field, describe(meta?.[field])]));
  const write = { TRACE: logger.trace, DEBUG: logger.debug, INFO: logger.info, WARN: logger.warn, ERROR: logger.error }[level];
  write.call(logger, attributes, message);
}

function describe(value: unknown): unknown {
  return value instanceof Error ? `${value.name}: ${value.message}` : value;
}
