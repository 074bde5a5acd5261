import { parse } from 'csv-parse/sync';
import type { InferenceReport, JobEnd } from '../../workflows/domain/release.ts';
import type { WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { jobId } from '../azure-resource-manager/resource-ids.ts';
import type { RestClient } from '../http/rest-client.ts';
import type { BlobReader } from './blob-reader.ts';
import { blobOf } from './datastore.ts';
import { runDetails, userLogUrl, withoutSignature } from './run-history.ts';

export interface CheckInferenceInput {
  workspace: WorkspaceRef;
  jobName: string;
  jobStatus: JobEnd;
  /** `azureml://datastores/…` URI of the predictions. */
  outputUri: string;
  minimumRows: number;
}

const longestBytes = 64 * 1024 * 1024;
/** Findings of one kind that are quoted; the rest is counted. */
const quoted = 3;

/**
 * Checks a test inference: how the job ended, errors in its log, and the predictions themselves. A bad result is a finding, never an error.
 *
 * Safe to retry because it only reads.
 */
export async function checkInference({ arm, blob }: { arm: RestClient; blob: BlobReader }, input: CheckInferenceInput): Promise<InferenceReport> {
  const { workspace, jobName, jobStatus, outputUri, minimumRows } = input;
  const ended = jobStatus.status === 'Completed' ? [] : [`the job ended ${jobStatus.status}${jobStatus.error === null ? '' : `: ${jobStatus.error}`}`];

  const logUrl = userLogUrl(await runDetails(arm, workspace, jobName));
  const log = logUrl === null ? null : await blob.readSigned(logUrl, longestBytes);
  const logFindings = log === null ? ['the log of the job is missing'] : errorLines(log);

  const output = await blob.read(await blobOf(arm, workspace, outputUri), longestBytes);
  const predictions = output === null ? missing(outputUri) : checkPredictions(output, minimumRows);

  const findings = [...ended, ...logFindings, ...predictions.findings];
  const { rows, minimum, maximum } = predictions;
  return { jobName, passed: findings.length === 0, findings, rows, minimum, maximum, outputUri, logUri: logUrl === null ? jobId(workspace, jobName) : withoutSignature(logUrl) };
}

type Predictions = Pick<InferenceReport, 'findings' | 'rows' | 'minimum' | 'maximum'>;

function missing(outputUri: string): Predictions {
  return { findings: [`the output ${outputUri} does not exist`], rows: 0, minimum: null, maximum: null };
}

/** Lines that speak of errors; `0 errors` and the like do not. */
export function errorLines(log: string): string[] {
  const lines = log.split('\n').filter((line) => /error|exception|traceback|critical/i.test(line) && !/\b(?:no|0|zero) (?:errors?|exceptions?)\b/i.test(line));
  const shown = lines.slice(0, quoted).map((line) => `log: ${line.trim().slice(0, 200)}`);
  return lines.length > quoted ? [...shown, `log: ${lines.length - quoted} more lines that speak of errors`] : shown;
}

/** The predictions' header, number and values: `date,prediction`, every value a finite number. */
export function checkPredictions(csv: string, minimumRows: number): Predictions {
  let records: string[][];
  try {
    records = parse(csv, { skip_empty_lines: true, relax_column_count: true, trim: true });
  } catch (error) {
    return { findings: [`the output is no CSV: ${error instanceof Error ? error.message : String(error)}`.slice(0, 300)], rows: 0, minimum: null, maximum: null };
  }
  const [header = [], ...rows] = records;
  const column = header.indexOf('prediction');
  if (column < 0 || !header.includes('date')) {
    return { findings: [`the output's header is "${header.join(',').slice(0, 80)}", not "date,prediction"`], rows: rows.length, minimum: null, maximum: null };
  }

  const values = rows.map((row) => (row[column] === undefined || row[column] === '' ? Number.NaN : Number(row[column])));
  const finite = values.filter((value) => Number.isFinite(value));
  const findings = [
    ...(rows.length < minimumRows ? [`${rows.length} predictions, at least ${minimumRows} expected`] : []),
    ...(finite.length < values.length ? [`${values.length - finite.length} of ${values.length} predictions are no finite numbers`] : []),
  ];
  const [minimum, maximum] = finite.reduce<[number, number]>(([low, high], value) => [Math.min(low, value), Math.max(high, value)], [Infinity, -Infinity]);
  return { findings, rows: rows.length, minimum: finite.length > 0 ? minimum : null, maximum: finite.length > 0 ? maximum : null };
}
