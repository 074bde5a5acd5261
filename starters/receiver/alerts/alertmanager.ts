/** Alertmanager's webhook, version 4: one notification tells several alerts of a group, some of which may have ended. */
import { z } from 'zod';
import { alertmanagerAlert, alertmanagerAlertSchema } from '../../../activities/alert-sources/alertmanager.ts';
import type { AlertNews } from '../../../workflows/domain/alert.ts';

/** More would not fit the receiver's bound of a body by much. */
const mostAlerts = 500;

const notification = z.object({
  version: z.literal('4', 'must be "4"'),
  alerts: z.array(alertmanagerAlertSchema.extend({ status: z.enum(['firing', 'resolved'], 'must be firing or resolved') })).max(mostAlerts, `must be at most ${mostAlerts}; set max_alerts`),
});

export function readAlertmanager(body: unknown): AlertNews[] {
  return notification.parse(body).alerts.map(({ status, ...given }) => {
    const alert = alertmanagerAlert(given);
    return status === 'firing' ? { kind: 'fired', alert } : { kind: 'resolved', alert: { source: alert.source, key: alert.key } };
  });
}
