/** All that is known of a target at this moment, from every place at once. */
import type { Client } from '@temporalio/client';
import type { AzureMlClients } from '../../activities/azure-ml/clients.ts';
import type { TargetPolicy } from '../../workflows/domain/policy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { recordedRuns, type AuditedRun } from '../audit/recorded-run.ts';
import type { OpenedRecord } from '../audit/open-record.ts';
import { findLastChange } from './last-change.ts';
import { readPlatformFacts, resourceOf, type PlatformFacts } from './platform-facts.ts';
import type { FreezeNow, NowFacts } from './report.ts';
import type { Sources } from './sources.ts';
import { readTemporalFacts } from './temporal-facts.ts';

export interface GatherOptions {
  target: Target;
  person: string | null;
  /** ISO instant. */
  at: string;
  sources: Sources;
  client: Client;
  /** Null where the estate or the way to its platforms is not known: named among the unread already. */
  platform: { policy: TargetPolicy; clients: AzureMlClients; /** In force now. */ freezes: FreezeNow[] | null } | null;
  openRecord: () => Promise<OpenedRecord>;
}

const noPlatform: PlatformFacts = { serving: null, deployment: null, alerts: null, lastJob: null };

/** Ends by the deadline of the sources, whatever they do. */
export async function gatherFacts({ target, person, at, sources, client, platform, openRecord }: GatherOptions): Promise<NowFacts> {
  const [temporal, shown, recorded] = await Promise.all([
    readTemporalFacts(client, target, sources),
    platform === null ? noPlatform : readPlatformFacts(platform.clients, platform.policy, sources),
    platform === null ? null : sources.read('record', async () => recordedRuns((await openRecord()).blocks)),
  ]);
  const { change, findings } = platform === null ? { change: null, findings: [] } : changeOf(platform.policy, shown, recorded);
  const { serving, alerts, lastJob } = shown;
  return { at, target, severity: platform?.policy.severity ?? null, person, serving, lastChange: change, alerts, lastJob, ...temporal, freezes: platform?.freezes ?? null, findings, unread: sources.unread };
}

function changeOf(policy: TargetPolicy, { deployment }: PlatformFacts, runs: readonly AuditedRun[] | null): ReturnType<typeof findLastChange> {
  return findLastChange({ resource: resourceOf(policy), workspace: policy.workspaces.production.workspace, deployment, runs });
}
