import type { TrainingLogReport } from '../../workflows/domain/release.ts';
import { readTrainingLog, trainingAnomalies } from '../../workflows/domain/training-log.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import type { RestClient } from '../http/rest-client.ts';
import type { BlobReader } from './blob-reader.ts';
import { jobId } from '../azure-resource-manager/resource-ids.ts';
import { runDetails, userLogUrl, withoutSignature } from './run-history.ts';

export interface ReadTrainingEvidenceInput {
  workspace: WorkspaceRef;
  jobName: string;
  metrics: { rows: number | null; droppedRows: number | null };
  durationMs: number | null;
  /** Of earlier trainings of the same circuit. */
  earlierDurationsMs: number[];
}

/** A training log is read up to this size; an epoch's line has about 40 bytes. */
const longestLogBytes = 16 * 1024 * 1024;

/**
 * Looks for anomalies in a training job's log. Answers findings and the log's address, never its contents.
 *
 * Safe to retry because it only reads.
 */
export async function readTrainingEvidence({ arm, blob }: { arm: RestClient; blob: BlobReader }, input: ReadTrainingEvidenceInput): Promise<TrainingLogReport> {
  const { workspace, jobName, metrics, durationMs, earlierDurationsMs } = input;
  const url = userLogUrl(await runDetails(arm, workspace, jobName));
  const text = url === null ? null : await blob.readSigned(url, longestLogBytes);
  if (url === null || text === null) return { anomalies: ['the training log is missing'], lines: 0, uri: jobId(workspace, jobName) };
  const { losses, warnings, nonFiniteLines, lines } = readTrainingLog(text);
  const anomalies = trainingAnomalies({ losses, warnings, ...metrics, durationMs, earlierDurationsMs });
  // Values that are no loss but not finite either, such as a gradient or an input.
  const elsewhere = nonFiniteLines - losses.filter((loss) => !Number.isFinite(loss)).length;
  if (elsewhere > 0) anomalies.push(`NaN or infinity in ${elsewhere} other line${elsewhere === 1 ? '' : 's'} of the log`);
  return { anomalies, lines, uri: withoutSignature(url) };
}
