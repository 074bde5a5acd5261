/** Why a training job failed, judged by what it has written itself: pure, so that a new vendor's words are one line and one test. */
import { causeByLines, type FailureEvidence } from './job-failure.ts';

export const trainingCauses = ['dataAccess', 'config', 'quota', 'environment'] as const;
export type TrainingCause = (typeof trainingCauses)[number] | 'unknown';

/** How people read a cause. */
export const trainingCauseText: Record<TrainingCause, string> = {
  dataAccess: 'data asset or Delta Lake access',
  config: 'configuration error',
  quota: 'compute quota exceeded',
  environment: 'environment',
  unknown: 'unknown',
};

/** In this order: a quota that is exceeded fails an environment's build too, and a package that is missing reads like a missing file. */
const patterns: readonly (readonly [Exclude<TrainingCause, 'unknown'>, RegExp])[] = [
  ['quota', /\bquota\b|\bOutOfQuota\b|\bnot enough (?:cores|vcpus)\b|\b(?:cores?|vcpus?)\b.{0,40}\blimit\b.{0,20}\b(?:reached|exceeded)\b|\bClusterCoreQuotaReached\b|\bcapacity\b.{0,40}\b(?:exceeded|not available|unavailable)\b/i],
  ['environment', /\bImageBuildFailure\b|\bimage build\b.{0,40}\bfail|\bfailed to (?:build|pull)\b.{0,40}\b(?:image|environment)\b|\bEnvironment Image to become available\b|\bImagePull(?:BackOff|LoopBackOff)\b|\bModuleNotFoundError\b|\bImportError\b|\bERR_MODULE_NOT_FOUND\b|\bcannot find (?:package|module)\b|\bno module named\b|\bundefined symbol\b|\bResolvePackageNotFound\b|\bCondaEnvException\b|\bUnsatisfiableError\b|\benvironment\b.{0,80}\b(?:not found|does not exist|corrupt(?:ed)?)\b/i],
  ['config', /\byaml\.(?:\w+\.)?\w*(?:Error|Exception)\b|\bYAML(?:Exception|ParseError|SyntaxError)\b|\b(?:Scanner|Parser|Composer|Constructor)Error\b.*|\bnot valid YAML\b|\bconfig(?:uration)?\b.{0,60}\b(?:is wrong|is not JSON|invalid|malformed|could not be parsed)\b|\b(?:invalid|malformed)\b.{0,30}\bconfig(?:uration)?\b|\bunknown hyperparameter\b/i],
  ['dataAccess', /\bDataAccess(?:Error)?\b|\bStreamAccess\w*|\brequested stream was not found\b|\bdata asset\b.{0,80}\b(?:fail|not found|does not exist|registration)|\bis not a delta table\b|\bDeltaTable\w*Error\b|\b_delta_log\b|\bTableNotFoundError\b|\b(?:Path|Blob|Filesystem|Container)NotFound\b|\bpath does not exist\b|\bAuthorization(?:PermissionMismatch|Failure)\b|\bENOENT\b|\bno such file or directory\b|\bFileNotFoundError\b|\bhas no files\b|\bis not the address of anything\b/i],
];

/** Node prints an error's fields after its stack; the sentence above them tells more. */
const codeAlone = /^\s*code: '\w+',?\s*$/;

/** What a log says beyond the cause: where to look. */
export interface CauseDetails {
  /** Address or path that could not be read. */
  path: string | null;
  /** File of the configuration, and its line, where the log names them. */
  file: string | null;
  line: number | null;
  /** Field of the configuration, such as `hyperparameters.epochs`. */
  field: string | null;
  /** vCPUs that were lacking, where the platform says how many. */
  needed: number | null;
}

/** The last line that tells a cause, in the log first and then in what the run history says; and what stands beside it. */
export function classifyTrainingFailure(log: string | null, error: string | null): { cause: TrainingCause; evidence: FailureEvidence | null; details: CauseDetails } {
  const found = causeByLines(log, error, (line) => (codeAlone.test(line) ? null : (patterns.find(([, pattern]) => pattern.test(line))?.[0] ?? null)));
  const lines = (log ?? '').split('\n');
  const at = found?.evidence.number ?? null;
  // What a parser complains of, and where, spreads over a few lines.
  const near = found === null ? '' : at === null ? (error ?? '') : lines.slice(Math.max(0, at - 3), at + 5).join('\n');
  return { cause: found?.cause ?? 'unknown', evidence: found?.evidence ?? null, details: detailsIn(near) };
}

function detailsIn(text: string): CauseDetails {
  const python = /\bin "([^"\n]+\.ya?ml)", line (\d+)/.exec(text);
  const plain = python ?? /((?:[\w.-]+\/)*[\w.-]+\.ya?ml)(?::|, line |\()(\d+)/.exec(text);
  const unknownKey = /\bUnrecognized keys?: "([\w.-]+)"/i.exec(text)?.[1];
  const at = /(?:→|->) at ([\w.-]+)/.exec(text)?.[1];
  const field = unknownKey === undefined ? (at ?? /\b(?:field|key|unknown hyperparameter)\b[ :'"]+([\w.-]+)/i.exec(text)?.[1] ?? null) : [...(at === undefined ? [] : [at]), unknownKey].join('.');
  const needed = /\badditional needed:? (\d+)/i.exec(text)?.[1];
  return {
    path: /\b(?:azureml|abfss?|wasbs?|adl|s3|https):\/\/[^\s"'),;?]+/.exec(text)?.[0].replace(/\.$/, '') ?? null,
    file: plain?.[1] ?? null,
    line: plain === null ? null : Number(plain[2]),
    field,
    needed: needed === undefined ? null : Number(needed),
  };
}
