/** What the run history of a workspace knows about a job: when it ran, why it failed, where its logs are. */
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { workspaceServices } from '../azure-resource-manager/workspace-services.ts';
import type { RestClient } from '../http/rest-client.ts';

export interface RunDetails {
  status: string;
  startTimeUtc?: string | null;
  endTimeUtc?: string | null;
  error?: { error?: { code?: string; message?: string } | null; code?: string; message?: string } | null;
  /** URL of each log by its name; each carries its own signature. */
  logFiles?: Record<string, string> | null;
}

/** The log that the job's own process wrote. */
const userLog = 'user_logs/std_log.txt';

export async function runDetails(arm: RestClient, workspace: WorkspaceRef, runId: string): Promise<RunDetails> {
  const { historyUrl } = await workspaceServices(arm, workspace);
  const { body } = await arm.send<RunDetails>({ method: 'GET', url: `${historyUrl}/runs/${encodeURIComponent(runId)}/details` });
  return body;
}

/** Milliseconds from start to end as the platform tells them; null while one is missing. */
export function runDurationMs({ startTimeUtc, endTimeUtc }: RunDetails): number | null {
  const duration = Date.parse(endTimeUtc ?? '') - Date.parse(startTimeUtc ?? '');
  return Number.isFinite(duration) && duration >= 0 ? duration : null;
}

/** What went wrong, in the platform's words, at most 300 characters. */
export function runError({ error }: RunDetails): string | null {
  const said = error?.error ?? error;
  if (!said?.message && !said?.code) return null;
  return [said.code, said.message].filter(Boolean).join(': ').slice(0, 300);
}

/** URL of the log, signature included; null where there is none (a job that never started). */
export function userLogUrl({ logFiles }: RunDetails): string | null {
  return logFiles?.[userLog] ?? null;
}

/** The same address without its signature, fit for history and for people. */
export function withoutSignature(url: string): string {
  return url.split('?')[0]!;
}
