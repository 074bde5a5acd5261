/**
 * The drift report of Azure ML's model monitoring, as its component `model_monitor_metric_outputter` writes it: one JSON file for each signal, `signals/<signal>.json`, with
 * `metrics.<metric>.groups.<feature>` = `{value, threshold}`.
 */
import { z } from 'zod';
import type { PlatformDriftReport, ReportedDrift } from '../../workflows/domain/drift-retraining.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { blobOf } from '../azure-ml/datastore.ts';
import { parsedJson } from '../parsed-json.ts';
import type { Clients } from './circuit-data.ts';

export interface ReadPlatformDriftReportInput {
  workspace: WorkspaceRef;
  /** `azureml://datastores/…` URI of the signal's file. */
  uri: string;
}

const figure = z.object({ value: z.number(), threshold: z.number().nullish() });

const signalFile = z.object({
  signalName: z.string(),
  signalType: z.string(),
  metrics: z.record(z.string(), z.object({ groups: z.record(z.string(), figure.partial()).optional() })),
});

const longestBytes = 4 * 1024 * 1024;
const mostFeatures = 50;

/** Of its metrics for numbers, the one that is a p-value: small means drift. The others are distances. */
const smallIsDrift = ['TwoSampleKolmogorovSmirnovTest'];

/** A feature in several metrics is judged by the first of these that the report has. */
const preferred = ['PopulationStabilityIndex', 'TwoSampleKolmogorovSmirnovTest', 'JensenShannonDistance', 'NormalizedWassersteinDistance'];

/**
 * Reads the platform's report; one that is not there, or is no report of drift, is answered with what is wrong: drift is then computed alone.
 *
 * Safe to retry because it only reads.
 */
export async function readPlatformDriftReport({ arm, blob }: Clients, { workspace, uri }: ReadPlatformDriftReportInput): Promise<{ report: PlatformDriftReport } | { problem: string }> {
  const text = await blob.read(await blobOf(arm, workspace, uri), longestBytes);
  if (text === null) return { problem: `there is no drift report ${uri}` };
  const parsed = signalFile.safeParse(parsedJson(text));
  if (!parsed.success) return { problem: `${uri} is no signal of Azure ML's model monitoring: ${parsed.error.issues[0]!.path.join('.') || 'the file'} ${parsed.error.issues[0]!.message}` };
  const { signalName, signalType, metrics } = parsed.data;
  if (!/data_?drift/i.test(signalType)) return { problem: `${uri} is a signal of type ${signalType}, not of data drift` };
  const byFeature = new Map<string, ReportedDrift>();
  for (const metric of [...preferred, ...Object.keys(metrics).filter((name) => !preferred.includes(name))]) {
    for (const [feature, { value, threshold = null }] of Object.entries(metrics[metric]?.groups ?? {})) {
      if (value === undefined || byFeature.has(feature)) continue;
      byFeature.set(feature, { feature, metric, value, threshold, drifted: threshold !== null && (smallIsDrift.includes(metric) ? value < threshold : value > threshold) });
    }
  }
  return { report: { uri, signal: signalName, features: [...byFeature.values()].slice(0, mostFeatures) } };
}
