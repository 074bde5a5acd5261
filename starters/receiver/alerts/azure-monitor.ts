/** Azure Monitor's common alert schema: of the essentials, the custom properties and the dimensions what a route may look at. */
import { z } from 'zod';
import { azureAlertKey, isoOf } from '../../../activities/azure-monitor/active-alerts.ts';
import { alertOf, type AlertNews } from '../../../workflows/domain/alert.ts';

const text = (longest: number) => z.string('must be a text').max(longest, `must have at most ${longest} characters`);

const dimension = z.object({ name: z.string(), value: z.string() });

const notification = z.object({
  schemaId: z.literal('azureMonitorCommonAlertSchema', 'must be azureMonitorCommonAlertSchema; switch the common alert schema on in the action group'),
  data: z.object({
    essentials: z.object({
      alertId: text(1_000).refine((id) => azureAlertKey(id) !== null, 'must be the ARM id of an alert'),
      alertRule: text(1_000),
      severity: text(20).nullish(),
      signalType: text(200).nullish(),
      monitorCondition: z.enum(['Fired', 'Resolved'], 'must be Fired or Resolved'),
      monitoringService: text(200).nullish(),
      alertTargetIDs: z.array(text(1_000)).max(100).nullish(),
      firedDateTime: text(60).nullish(),
      description: text(10_000).nullish(),
    }),
    /** The context differs with every kind of alert; of metric and log alerts the dimensions are read. */
    alertContext: z.object({ condition: z.object({ allOf: z.array(z.object({ dimensions: z.array(dimension).nullish() })) }) }).nullish().catch(null),
    customProperties: z.record(text(200), z.unknown()).nullish().catch(null),
  }),
});

export function readAzureMonitor(body: unknown): AlertNews[] {
  const { essentials, alertContext, customProperties } = notification.parse(body).data;
  const key = azureAlertKey(essentials.alertId)!;
  if (essentials.monitorCondition === 'Resolved') return [{ kind: 'resolved', alert: { source: 'azureMonitor', key } }];
  const { alertRule, severity, firedDateTime, description, monitoringService, signalType, alertTargetIDs } = essentials;
  const dimensions = Object.fromEntries((alertContext?.condition.allOf ?? []).flatMap(({ dimensions: given }) => given ?? []).map(({ name, value }) => [name, value]));
  const labels = Object.fromEntries(Object.entries({ ...dimensions, ...customProperties, monitoringService, signalType }).filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  const alert = alertOf({ source: 'azureMonitor', key, name: alertRule, severity: severity ?? undefined, firedAt: isoOf(firedDateTime ?? undefined), description: description ?? '', labels, resources: alertTargetIDs ?? [] });
  return [{ kind: 'fired', alert }];
}
