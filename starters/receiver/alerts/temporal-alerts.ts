/** The receiver's way to the runs of alerts. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { FastifyBaseLogger } from 'fastify';
import { resolveFollowedAlert, startFollowAlert } from '../../../activities/runs/alert-runs.ts';
import { reconcileAlerts } from '../../runbooks.ts';
import { AlreadyStarted, startRunbook } from '../../start-runbook.ts';
import { isUnanswered, within } from '../../temporal-connection.ts';
import { TryLater } from '../try-later.ts';
import type { AlertPorts } from './plugin.ts';

/** Milliseconds that Temporal has to take an alert: PagerDuty waits 5 s for its answer. */
const takeMs = 4_000;

export function temporalAlerts(client: Client): Pick<AlertPorts, 'takeUp' | 'resolve'> {
  return {
    takeUp: (alert) => answered(() => within(client, takeMs, () => startFollowAlert(client, alert))),
    resolve: (alert) => answered(() => within(client, takeMs, () => resolveFollowedAlert(client, alert, 'webhook'))),
  };
}

async function answered<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw isUnanswered(error) ? new TryLater('Temporal does not answer; deliver it again', error) : error;
  }
}

const tryAgainMs = 5_000;

/** Has the active alerts reconciled, as soon as Temporal answers: while this receiver was away, senders may have given up. */
export async function reconcileAtStart(client: Client, { logger, signal }: { logger: FastifyBaseLogger; signal: AbortSignal }): Promise<void> {
  while (!signal.aborted) {
    try {
      const { workflowId } = await within(client, takeMs, () => startRunbook(client, reconcileAlerts, {}));
      return logger.info({ workflowId }, 'active alerts are reconciled');
    } catch (error) {
      if (error instanceof AlreadyStarted) return;
      if (!isUnanswered(error)) return logger.warn({ err: error }, 'active alerts could not be reconciled at the start; the schedule does it');
    }
    await sleep(tryAgainMs, undefined, { signal, ref: false }).catch(() => undefined);
  }
}
