/** Activities that read which alerts are active at Alertmanager and PagerDuty, with credentials that only read. */
import { ApplicationFailure } from '@temporalio/common';
import { z } from 'zod';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { ActiveAlerts } from '../../workflows/domain/alert.ts';
import { readEstate } from '../estate/estate-file.ts';
import type { RestClient } from '../http/rest-client.ts';
import { readActiveAlertmanager } from './alertmanager.ts';
import { readActivePagerDuty } from './pager-duty.ts';

export interface AlertSourceDependencies {
  estateFile: string;
  rest: RestClient;
  /** By the names of environment variables, as the estate refers to them. */
  secrets: Record<string, string>;
}

export const createAlertSourceActivities = ({ estateFile, rest, secrets }: AlertSourceDependencies) => ({
  /**
   * The alerts that fire now.
   *
   * Safe to retry because it only reads.
   *
   * @throws InvalidRequest (not retried) where the answer is no list of alerts, and the platform's classified failures
   */
  readActiveAlerts: async ({ source }: { source: 'alertmanager' | 'pagerDuty' }): Promise<ActiveAlerts> => {
    const { alertmanager, pagerDuty } = (await readEstate(estateFile)).alerts?.sources ?? {};
    const secret = (name: string): string => {
      const value = secrets[name];
      if (value === undefined) throw ApplicationFailure.nonRetryable(`the worker was started without ${name}; the estate's alerts name it`, FailureType.EstateInvalid);
      return value;
    };
    try {
      if (source === 'alertmanager' && alertmanager) return await readActiveAlertmanager(rest, { url: alertmanager.url, token: alertmanager.token === undefined ? undefined : secret(alertmanager.token) });
      if (source === 'pagerDuty' && pagerDuty) return await readActivePagerDuty(rest, { api: pagerDuty.api, token: secret(pagerDuty.token) });
    } catch (error) {
      if (!(error instanceof z.ZodError)) throw error;
      const [issue] = error.issues;
      throw ApplicationFailure.nonRetryable(`${source} answered something else than alerts: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}`, FailureType.InvalidRequest);
    }
    return { alerts: [], firing: [], scope: '', complete: false };
  },
});
