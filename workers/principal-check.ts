/** A gate whose identity is `attributed` needs a server that computes principals; on any other, every decision would stay a proposal for ever, so the worker does not start. */
import { ConfigurationError } from './configuration.ts';

/** The part of Temporal's service that is asked, as clients' and workers' connections have it. Every caller may ask it. */
export interface SystemInfoService {
  getSystemInfo(request: object): Promise<{ serverVersion?: string | null }>;
}

/** The first version that notes principals on events. */
const oldest = { major: 1, minor: 31 };

/**
 * Refuses `gates`, the names of those of identity `attributed`, on a server older than 1.31.
 *
 * Whether a namespace really propagates principals no API tells. The operator states it (`TEMPORAL_PRINCIPALS`); where that is wrong, each answer says "the server attributed nobody to
 * this event" and does not count.
 */
export async function refuseUnattributable(service: SystemInfoService, { estateFile, gates }: { estateFile: string; gates: readonly string[] }): Promise<void> {
  if (gates.length === 0) return;
  const { serverVersion } = await service.getSystemInfo({});
  if (canAttribute(serverVersion ?? '')) return;
  throw new ConfigurationError(
    `${estateFile}: gates ${gates.join(', ')} demand identity level "attributed", which only Temporal Server ${oldest.major}.${oldest.minor} or newer gives; this server is ${serverVersion || 'of an unknown version'}. Give these gates identity: authenticated, or upgrade the server.`,
  );
}

/** Whether a server of this version, such as `1.32.1`, can note principals. */
export function canAttribute(version: string): boolean {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  if (major === undefined) return false;
  return Number(major) > oldest.major || (Number(major) === oldest.major && Number(minor) >= oldest.minor);
}
