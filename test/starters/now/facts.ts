/** A quiet target, and the parts that a test changes. */
import type { FiringAlert, LastChange, NowFacts, OpenGateNow, OpenIncident, OpenRun, Serving } from '../../../starters/now/report.ts';

export const at = '2026-11-21T03:00:00.000Z';
export const before = (minutes: number): string => new Date(Date.parse(at) - minutes * 60_000).toISOString();
export const target = { plant: 'P001', circuit: 'C001' };
const release = 'releaseModel:P001:C001:42-3f2a91c0';

export const serving: Serving = { exists: true, version: '42-3f2a91c0', model: null, releasedBy: 'alice', run: `${release}/first`, previousVersion: '1', rolledBackFrom: null, verdict: null, rollback: { to: '1', verdict: 'good', refused: null, newestGood: '1' } };
export const released: LastChange = { at: before(180), what: 'production deployment: P001-C001 42-3f2a91c0', version: '42-3f2a91c0', run: `${release}/first`, by: ['alice'], shownBy: ['record', 'platform'] };
export const alert: FiringAlert = { id: 'alerts/1', rule: 'mae-high', severity: 1, isBreach: true, since: before(12), description: 'MAE is above 3' };
export const gate: OpenGateNow = { workflowId: release, gate: 'stage3', question: 'Let production serve P001/C001 42-3f2a91c0?', openedAt: before(60), deadline: before(-30), silence: 'expires', eligible: ['alice', 'bob'], missing: 1, evidence: '0123456789ab' };
export const incident: OpenIncident = { workflowId: 'coordinateIncident:mae-high', title: 'Predictions are far off', severity: 'P1', openedAt: before(8), acknowledgedBy: null, nextClock: { clock: 'assessment', at: before(-2) } };
export const run = (runbook: string, phase = 'monitoring'): OpenRun => ({ workflowId: `${runbook}:P001:C001`, runbook, phase, phaseSince: before(5), startedAt: before(20) });

export function quiet(more: Partial<NowFacts> = {}): NowFacts {
  return {
    at, target, severity: 'P2', person: null, serving, lastChange: { ...released, at: before(3 * 24 * 60) }, alerts: [], lastJob: { jobName: 'job-1', status: 'Completed', startedAt: before(90), error: null },
    runs: [], lock: { epoch: 3, holder: null, queue: [] }, gates: [], incidents: [], stops: [], freezes: null, findings: [], unread: [], ...more,
  };
}
