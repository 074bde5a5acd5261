/** Task queues: one for the runbooks and one for each platform, so that each worker in production holds only the credentials of its platform. */
export const TaskQueue = {
  Runbooks: 'holdpoint-runbooks',
  Estate: 'holdpoint-estate',
  AzureMl: 'holdpoint-azure-ml',
  /** Restores of production: slots of their own, so that a full queue never delays a rollback. */
  AzureMlUrgent: 'holdpoint-azure-ml-urgent',
  AzureMonitor: 'holdpoint-azure-monitor',
  /** Reads the active alerts of Alertmanager and PagerDuty. */
  AlertSources: 'holdpoint-alert-sources',
  Mlflow: 'holdpoint-mlflow',
  AzureDevOps: 'holdpoint-azure-devops',
  Notifications: 'holdpoint-notifications',
  /** Verifies decisions and appends to the record: the only worker with the record's signing key. */
  Record: 'holdpoint-record',
  /** Reads and tends other runs through a Temporal client. */
  Runs: 'holdpoint-runs',
} as const;
export type TaskQueue = (typeof TaskQueue)[keyof typeof TaskQueue];
