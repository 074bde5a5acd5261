/** Why a batch job failed, judged by what it has written itself: pure, so that a new vendor's words are one line and one test. */

export const jobFailureCauses = ['dataNotFound', 'memory', 'timeout', 'modelLoad'] as const;
export type JobFailureCause = (typeof jobFailureCauses)[number] | 'unknown';

/** The line that the judgement rests on. */
export interface FailureEvidence {
  source: 'log' | 'run history';
  line: string;
  /** Line of the log, from 1; null in the run history. */
  number: number | null;
}

export interface JobFailure {
  cause: JobFailureCause;
  evidence: FailureEvidence | null;
  /** The log's last lines, secrets removed. */
  tail: string[];
  hasLog: boolean;
  /** Where the whole log is. */
  logUri: string;
}

/** How people read a cause. */
export const causeText: Record<JobFailureCause, string> = {
  dataNotFound: 'data not found',
  memory: 'out of memory',
  timeout: 'timeout',
  modelLoad: 'the model could not be loaded',
  unknown: 'unknown',
};

/** In this order: a model file that is missing reads like missing data, and a package that is missing like a missing file. */
const patterns: readonly (readonly [Exclude<JobFailureCause, 'unknown'>, RegExp])[] = [
  ['memory', /\bout of memory\b|\bMemoryError\b|\bOutOfMemory(?:Error|Exception)?\b|\bOOM[- ]?kill(?:ed|er)?\b|\bbad_alloc\b|\bcannot allocate memory\b|\bunable to allocate\b|\bENOMEM\b|\b(?:status|exit) code 137\b|^\s*Killed\s*$/i],
  ['modelLoad', /\bnot a usable model\b|\b(?:cannot|could not|unable to|failed to|error) load(?:ing)?\b.{0,40}\bmodel\b|\bUnpicklingError\b|\bModuleNotFoundError\b|\bImportError\b|\bERR_MODULE_NOT_FOUND\b|\bcannot find (?:package|module)\b|\bno module named\b|\bundefined symbol\b|\bincompatible\b.{0,60}\bversions?\b|\bversion\b.{0,60}\bincompatible\b|\b(?:ENOENT|no such file or directory|FileNotFoundError)\b.*\bmodel\b/i],
  ['timeout', /\bTimeoutError\b|\btimed[ -]?out\b|\bexceeded\b.{0,60}\b(?:timeout|time limit)\b|\bdeadline exceeded\b|\bDeadlineExceeded\b/i],
  ['dataNotFound', /\bENOENT\b|\bno such file or directory\b|\bFileNotFoundError\b|\bStreamAccess\b.*\bNotFound\b|\brequested stream was not found\b|\bpath does not exist\b|\bPathNotFound\b|\bBlobNotFound\b|\bis not a delta table\b|\bhas no files\b/i],
];

/** A connection that timed out is neither slow scoring nor cured by a longer timeout. */
const aboutConnections = /\bETIMEDOUT\b|\bconnect(?:ion|ing)?\b|\bsocket\b|\bHTTPS?ConnectionPool\b|\bgateway time-?out\b/i;

/** The last line that tells a cause, in the log first and then in what the run history says; what a job wrote last is why it ended. */
export function classifyJobFailure(log: string | null, error: string | null): { cause: JobFailureCause; evidence: FailureEvidence | null } {
  return causeByLines(log, error, causeOf) ?? { cause: 'unknown', evidence: null };
}

/** The same by another list of causes; null where no line tells any. */
export function causeByLines<C>(log: string | null, error: string | null, causeOfLine: (line: string) => C | null): { cause: C; evidence: FailureEvidence } | null {
  const lines = (log ?? '').split('\n');
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const cause = causeOfLine(lines[index]!);
    if (cause !== null) return { cause, evidence: { source: 'log', line: readable(lines[index]!), number: index + 1 } };
  }
  const cause = error === null ? null : causeOfLine(error);
  return error === null || cause === null ? null : { cause, evidence: { source: 'run history', line: readable(error), number: null } };
}

/** The last lines that say something, fit for history and for people. */
export function logTail(log: string, most = 12): string[] {
  return log.split('\n').filter((line) => line.trim() !== '').slice(-most).map(readable);
}

function causeOf(line: string): Exclude<JobFailureCause, 'unknown'> | null {
  const found = patterns.find(([, pattern]) => pattern.test(line))?.[0] ?? null;
  return found === 'timeout' && aboutConnections.test(line) ? null : found;
}

/** What of a line goes on. */
const longestLine = 240;

function readable(line: string): string {
  return withoutSecrets(line.trim()).slice(0, longestLine);
}

const secrets: readonly RegExp[] = [
  /([?&](?:sig|code|token)=)[^&\s"']+/gi,
  /(\b(?:AccountKey|SharedAccessKey|SharedAccessSignature)=)[^;\s"']+/gi,
  /(\bBearer\s+)[\w.~+/=-]+/gi,
  /(\b[\w-]*(?:password|passwd|secret|api[_-]?key|access[_-]?key|token)["']?\s*[=:]\s*)(?:"[^"]*"|'[^']*'|[^\s,;]+)/gi,
];

/** Logs are other people's: what looks like a secret in a line does not go on. */
export function withoutSecrets(line: string): string {
  return secrets.reduce((text, pattern) => text.replace(pattern, '$1[removed]'), line);
}
