/** Activities against Azure Monitor: which alerts fire for a deployment, and watching them. */
import type { RestClient } from '../http/rest-client.ts';
import { readFiredAlerts } from './active-alerts.ts';
import { watchAlertRates, type WatchAlertRatesInput } from './alert-rates.ts';
import { readAlertRules, readFiringAlerts, watchAlerts, type AlertsQuery, type ReadAlertRulesInput, type WatchAlertsInput } from './alerts.ts';

export const createAzureMonitorActivities = ({ arm }: { arm: RestClient }) => ({
  readAlertRules: (input: ReadAlertRulesInput) => readAlertRules(arm, input),
  readFiringAlerts: (input: AlertsQuery) => readFiringAlerts(arm, input),
  watchAlerts: (input: WatchAlertsInput) => watchAlerts(arm, input),
  watchAlertRates: (input: WatchAlertRatesInput) => watchAlertRates(arm, input),
});

/** What the reconciliation of alerts needs of Azure Monitor. */
export const createAzureAlertActivities = ({ arm }: { arm: RestClient }) => ({
  readFiredAlerts: (input: Parameters<typeof readFiredAlerts>[1]) => readFiredAlerts(arm, input),
});
