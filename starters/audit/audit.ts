/** One audit: of a run, of a period of production, or of the whole record. */
import type { Client } from '@temporalio/client';
import pMap from 'p-map';
import { checkChain } from './chain-check.ts';
import { checkDecisions } from './decision-check.ts';
import { joined, type Checked, type Finding } from './finding.ts';
import { checkHistory } from './history-check.ts';
import type { OpenedRecord } from './open-record.ts';
import { pairChanges, type DeploymentState, type Period, type ProductionChange } from './production-changes.ts';
import { recordedRuns, type AuditedRun } from './recorded-run.ts';

/** What is printed with `--json`. */
export interface Audit {
  /** Null for the audit of a run. */
  period: (Period & { environment: string }) | null;
  runs: AuditedRun[];
  /** Of a period. */
  changes: ProductionChange[];
  findings: Finding[];
  notes: string[];
  record: { location: string; blocks: number; head: string | null; anchors: number };
  /** Null where that was not asked for. `decisions`: how many counted; `history`: whether Temporal was asked. */
  verified: { decisions: number; history: boolean } | null;
}

export interface AuditRequest {
  record: OpenedRecord;
  /** Left out: all runs. */
  workflowId?: string;
  period?: Period & { environment: string };
  /** What the platform shows, and the workspace of it; left out where it was not asked. */
  platform?: { deployments: DeploymentState[]; workspace: string };
  verify: boolean;
  /** Left out where Temporal does not answer. */
  client?: Client;
  notes: string[];
}

/** Most histories that are read at the same time. */
const concurrency = 4;

export async function runAudit({ record, workflowId, period, platform, verify, client, notes }: AuditRequest): Promise<Audit> {
  const all = recordedRuns(record.blocks);
  const runs = all.filter((run) => (workflowId === undefined || run.workflowId === workflowId) && (period === undefined || isWithin(run, period)));
  const checks: Checked[] = [checkChain(record.blocks, record.anchors), { findings: [], notes }];
  if (verify) checks.push(...(await Promise.all(runs.map((run) => checkDecisions(run, record.decisionKeys, all)))));
  if (verify && client) checks.push(...(await pMap(runs, (run) => checkHistory(client, run), { concurrency })));
  const paired = period && platform ? pairChanges(platform.deployments, all, period, platform.workspace, all.map(({ firstEntryAt }) => firstEntryAt).sort()[0] ?? null) : null;
  if (paired) checks.push(paired);
  const decisions = runs.flatMap(({ gates }) => gates.flatMap(({ answers }) => answers)).length;
  return {
    period: period ?? null,
    runs,
    changes: paired?.changes ?? [],
    ...joined(checks),
    record: { location: record.location, blocks: record.blocks.length, head: record.blocks.at(-1)?.digest ?? null, anchors: record.anchors.length },
    verified: verify ? { decisions, history: client !== undefined } : null,
  };
}

function isWithin({ firstEntryAt, lastEntryAt }: AuditedRun, { from, to }: Period): boolean {
  return firstEntryAt < to && lastEntryAt >= from;
}
