/** Which activities each task queue serves, with the clients that they need. A set is built only when its queue is asked for, so that a worker needs no other platform's settings. */
import type { Client } from '@temporalio/client';
import { createAlertSourceActivities } from '../activities/alert-sources/index.ts';
import { createCheckActivities, createCheckClients } from '../activities/azure-devops/check-activities.ts';
import { createAzureDevOpsClients } from '../activities/azure-devops/clients.ts';
import { createAzureDevOpsActivities } from '../activities/azure-devops/index.ts';
import { sightingsFile } from '../activities/azure-devops/tag-sightings.ts';
import { createAttachmentActivities } from '../activities/azure-devops/pull-request-attachment.ts';
import { createAzureMlClients } from '../activities/azure-ml/clients.ts';
import { createAzureMlActivities } from '../activities/azure-ml/index.ts';
import { createAzureMonitorClients } from '../activities/azure-monitor/clients.ts';
import { createAzureAlertActivities, createAzureMonitorActivities } from '../activities/azure-monitor/index.ts';
import { createAlertRouteActivities } from '../activities/estate/alert-routes.ts';
import { createIncidentPolicyActivities } from '../activities/estate/incident-policy.ts';
import { createChangeRuleActivities } from '../activities/estate/change-rules.ts';
import { createFreezeActivities, freezeReader } from '../activities/estate/freezes.ts';
import { createFailureRuleActivities } from '../activities/estate/failure-rules.ts';
import { createDriftRuleActivities } from '../activities/estate/drift-rules.ts';
import { createHookRuleActivities } from '../activities/estate/hook-rules.ts';
import { createScheduledTargetActivities } from '../activities/estate/scheduled-target-activities.ts';
import { createEstateActivities, type EstateSettings } from '../activities/estate/index.ts';
import { createStagePolicyActivities } from '../activities/estate/stage-policy-activities.ts';
import { withHeartbeat } from '../activities/heartbeat.ts';
import { createMlflowClients } from '../activities/mlflow/clients.ts';
import { createMlflowActivities } from '../activities/mlflow/index.ts';
import { createNotificationClients } from '../activities/notifications/clients.ts';
import { createNotificationActivities } from '../activities/notifications/index.ts';
import { attributeAnswers } from '../activities/record/attribution.ts';
import { createRecordActivities } from '../activities/record/index.ts';
import { openStore } from '../activities/record/write-once-store.ts';
import { createRunsActivities } from '../activities/runs/index.ts';
import { lockReader } from '../activities/runs/locks.ts';
import { createStatisticsClients } from '../activities/statistics/clients.ts';
import { createStatisticsActivities } from '../activities/statistics/index.ts';
import type { PlatformSettings } from '../activities/http/settings.ts';
import { openVault, type VaultSettings } from '../activities/secrets/open-vault.ts';
import { TaskQueue } from '../workflows/domain/queues.ts';
import { buildName } from './build.ts';
import type { WorkerConfiguration } from './configuration.ts';

/** What only the worker that tells people needs. */
export interface NotificationSettings {
  /** By the names of environment variables, as the estate refers to them. */
  notificationSecrets: Record<string, string>;
  /** Where the keys of chat buttons are. */
  buttonKeysFile: string;
  /** What reading active alerts needs, by the names of environment variables. */
  alertSecrets?: Record<string, string>;
}

/** What the activities need of the worker's configuration. */
export type ActivityConfiguration = Pick<WorkerConfiguration, 'estateFile' | 'CHAT_WEBHOOK_URL' | 'HOLDPOINT_INBOX_URL' | 'keysDirectory' | 'recordLocation' | 'anchorsLocation' | 'HOLDPOINT_BUILD'> & Partial<Pick<WorkerConfiguration, 'HOLDPOINT_STATE'>> & Partial<VaultSettings> & Partial<NotificationSettings> & Pick<EstateSettings, 'identityProblem'>;

/** The activities of one queue, each heartbeating while it runs. `client` is for the queues that read runs: the one that tends other runs, those that write under a lock, the one that pages only for what is still open, and the record's where Temporal's server tells who sent an answer. */
export function createActivities(queue: Exclude<TaskQueue, typeof TaskQueue.Runbooks>, settings: PlatformSettings, configuration: ActivityConfiguration, client?: Client): object {
  switch (queue) {
    case TaskQueue.Estate: {
      const estate: EstateSettings = { estateFile: configuration.estateFile, inboxUrl: configuration.HOLDPOINT_INBOX_URL ?? null, ...(configuration.identityProblem && { identityProblem: configuration.identityProblem }) };
      return withHeartbeat({ ...createEstateActivities(estate), ...createStagePolicyActivities(estate), ...createAlertRouteActivities(estate), ...createIncidentPolicyActivities(estate), ...createChangeRuleActivities(estate), ...createDriftRuleActivities(estate), ...createHookRuleActivities(estate), ...createScheduledTargetActivities(estate), ...createFreezeActivities(estate), ...createFailureRuleActivities(estate) });
    }
    case TaskQueue.AzureMl:
    case TaskQueue.AzureMlUrgent: {
      const azureMl = createAzureMlActivities({ ...createAzureMlClients(settings), ...(client && { readLock: lockReader(client) }) });
      return withHeartbeat({ ...azureMl, ...(queue === TaskQueue.AzureMl && createStatisticsActivities(createStatisticsClients(settings))) });
    }
    case TaskQueue.AzureMonitor: {
      const clients = createAzureMonitorClients(settings);
      return withHeartbeat({ ...createAzureMonitorActivities(clients), ...createAzureAlertActivities(clients) });
    }
    case TaskQueue.AlertSources:
      return withHeartbeat(createAlertSourceActivities({ estateFile: configuration.estateFile, secrets: configuration.alertSecrets ?? {}, rest: createNotificationClients(settings).rest }));
    case TaskQueue.Mlflow:
      return withHeartbeat(createMlflowActivities(createMlflowClients(settings)));
    case TaskQueue.AzureDevOps: {
      const clients = createAzureDevOpsClients(settings);
      const { HOLDPOINT_STATE } = configuration;
      return withHeartbeat({
        ...createAzureDevOpsActivities({ ...clients, ...(HOLDPOINT_STATE !== undefined && { sightingsFile: sightingsFile(HOLDPOINT_STATE) }) }),
        ...createAttachmentActivities({ ...clients, ...createAzureMlClients(settings) }),
        ...createCheckActivities(createCheckClients(settings, openVault(configuration))),
      });
    }
    case TaskQueue.Notifications:
      return withHeartbeat(createNotificationActivities({ estateFile: configuration.estateFile, webhookUrl: configuration.CHAT_WEBHOOK_URL ?? null, inboxUrl: configuration.HOLDPOINT_INBOX_URL ?? null, secrets: configuration.notificationSecrets ?? {}, buttonKeysFile: configuration.buttonKeysFile ?? null, client: client ?? null, ...createNotificationClients(settings) }));
    case TaskQueue.Record: {
      const { keysDirectory, recordLocation, anchorsLocation, HOLDPOINT_BUILD } = configuration;
      return withHeartbeat(createRecordActivities({ record: openStore(recordLocation, () => settings), anchors: openStore(anchorsLocation, () => settings), keysDirectory, build: buildName(HOLDPOINT_BUILD), ...(client && { attribute: (input) => attributeAnswers(client, input) }) }));
    }
    case TaskQueue.Runs:
      if (!client) throw new Error(`${queue} needs a Temporal client`);
      return withHeartbeat(createRunsActivities({ client, readFreeze: freezeReader(configuration.estateFile) }));
  }
}
