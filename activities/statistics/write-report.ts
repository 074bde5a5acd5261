import type { StepKey } from '../../workflows/domain/keys.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { BlobReader } from '../azure-ml/blob-reader.ts';
import type { BlobWriter } from '../azure-ml/blob-writer.ts';
import { blobOf } from '../azure-ml/datastore.ts';
import type { RestClient } from '../http/rest-client.ts';
import { reportHtml, type DegradationReportFacts } from './degradation-report.ts';
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
export async function writeDegradationReport({ arm, blob, reports }: { arm: RestClient; blob: BlobReader; reports: BlobWriter }, { key, workspace, facts }: WriteDegradationReportInput): Promise<{ reportUri: string; plotUri: string }> {
  const { circuit, evidence: { performance: { trend, baseline }, holdoutMae }, sensor } = facts;
  const references = [...(baseline.mae === null ? [] : [{ name: 'the year before', mae: baseline.mae }]), ...(holdoutMae === null ? [] : [{ name: 'hold-out', mae: holdoutMae }])];
  const plot = trendSvg({ title: `Errors of ${circuit} (${sensor.column}) up to ${facts.asOf}`, unit: `in the unit of ${sensor.column}`, windows: trend, references });
  const folder = `azureml://datastores/workspaceblobstore/paths/reports/${circuit.replaceAll('/', '-')}/${key.key}`;
  const put = async (uri: string, text: string, contentType: string): Promise<string> => {
    const address = await blobOf(arm, workspace, uri);
    if ((await blob.read(address, Buffer.byteLength(text) + 1)) !== text) await reports.write(address, text, contentType);
    return uri;
  };
  return { plotUri: await put(`${folder}/trend.svg`, plot, 'image/svg+xml'), reportUri: await put(`${folder}/report.html`, reportHtml(facts, plot), 'text/html; charset=utf-8') };
}
