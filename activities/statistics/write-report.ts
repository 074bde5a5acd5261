import type { StepKey } from '../../workflows/domain/keys.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { reportHtml, type DegradationReportFacts } from './degradation-report.ts';
import { keepText, reportFolder, type ReportClients } from './kept-text.ts';
import { trendSvg } from './trend-svg.ts';

export interface WriteDegradationReportInput {
  key: StepKey;
  workspace: WorkspaceRef;
  facts: DegradationReportFacts;
}

/**
 * Writes the report and its plot into the workspace's storage, below a folder that carries the step's key.
 *
 * Safe to retry because the path is the key and the same facts give the same bytes: what is there already is not written again.
 */
export async function writeDegradationReport(clients: ReportClients, { key, workspace, facts }: WriteDegradationReportInput): Promise<{ reportUri: string; plotUri: string }> {
  const { circuit, evidence: { performance: { trend, baseline }, holdoutMae }, sensor } = facts;
  const references = [...(baseline.mae === null ? [] : [{ name: 'the year before', mae: baseline.mae }]), ...(holdoutMae === null ? [] : [{ name: 'hold-out', mae: holdoutMae }])];
  const plot = trendSvg({ title: `Errors of ${circuit} (${sensor.column}) up to ${facts.asOf}`, unit: `in the unit of ${sensor.column}`, windows: trend, references });
  const folder = reportFolder(circuit, key.key);
  return { plotUri: await keepText(clients, workspace, `${folder}/trend.svg`, plot, 'image/svg+xml'), reportUri: await keepText(clients, workspace, `${folder}/report.html`, reportHtml(facts, plot), 'text/html; charset=utf-8') };
}
