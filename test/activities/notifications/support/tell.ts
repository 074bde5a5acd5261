/** A workflow that does nothing but tell: what a real server keeps of an attempt is seen through it. */
import { proxyActivities } from '@temporalio/workflow';
import type { createNotificationActivities, NotifyInput, Notified } from '../../../../activities/notifications/index.ts';

const { notify } = proxyActivities<ReturnType<typeof createNotificationActivities>>({ startToCloseTimeout: '30s', scheduleToCloseTimeout: '1h', heartbeatTimeout: '5s', retry: { initialInterval: '200ms', backoffCoefficient: 1 } });

export async function tell(input: NotifyInput): Promise<Notified> {
  return await notify(input);
}
