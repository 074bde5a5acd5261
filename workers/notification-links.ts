/** Where the links and buttons of a message lead. */
import type { NotificationDependencies } from '../activities/notifications/index.ts';
import type { WorkerConfiguration } from './configuration.ts';

/** Without a public address of the receiver a message has neither. */
export function notificationLinks({ HOLDPOINT_PUBLIC_URL }: Pick<WorkerConfiguration, 'HOLDPOINT_PUBLIC_URL'>): Pick<NotificationDependencies, 'cardLink' | 'buttons'> {
  if (HOLDPOINT_PUBLIC_URL === undefined) return { cardLink: () => null, buttons: null };
  return { cardLink: ({ workflowId }) => `${HOLDPOINT_PUBLIC_URL}/inbox/${encodeURIComponent(workflowId)}`, buttons: null };
}
