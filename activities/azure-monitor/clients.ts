import { createArmClient } from '../azure-resource-manager/arm-client.ts';
import type { RestClient } from '../http/rest-client.ts';
import type { PlatformSettings } from '../http/settings.ts';

/** The real client of the Azure Monitor adapter: its alerts are answered by Azure Resource Manager, through the same SDK pipeline. */
export function createAzureMonitorClients(settings: Pick<PlatformSettings, 'credential' | 'resourceManagerEndpoint' | 'caFile' | 'requestTimeoutMs'>): { arm: RestClient } {
  return { arm: createArmClient(settings) };
}
