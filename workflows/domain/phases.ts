/** Phases of the runbooks, in order; the names appear in the search attribute `Phase`, in `status` and in the command line. */
export const ReleaseChangePhase = {
  Reading: 'reading the change',
  Training: 'training',
  Stage1: 'Stage 1 approval',
} as const;

export const UpdateTrainingConfigPhase = {
  Edit: 'updating the configuration',
  Proposal: 'creating the pull request',
  Review: 'review of the pull request',
  Release: 'starting the release',
} as const;

export const HookPhase = { Unresolved: 'waiting for its change' } as const;

export const ReleaseModelPhase = {
  Review: 'reviewing the training',
  Stage1: 'Stage 1 approval',
  Promotion: 'registry promotion',
  Stage2: 'Stage 2 test inference',
  Stage3: 'Stage 3 approval',
  Stopped: 'waiting out an emergency stop',
  Frozen: 'waiting out a freeze',
  Queued: 'waiting for the lock',
  Deployment: 'production deployment',
  Monitoring: 'monitoring',
  Rollback: 'rollback',
  Closing: 'closing',
} as const;

export const ReleaseGate = { Stage1: 'stage1', Stage3: 'stage3', Rollback: 'rollback' } as const;

export const StageApprovalPhase = {
  Reading: 'reading the run',
  Passing: 'letting the stage pass',
  Approval: 'stage approval',
  Frozen: 'waiting out a freeze',
  Answering: 'answering the check',
} as const;

export const stageGateName = 'stage';

export const RecoverBatchJobPhase = {
  Identify: 'identifying the failed job',
  Logs: 'reviewing its log',
  Fix: 'fixing the issue',
  Person: 'asking a person',
  Monitoring: 'watching the next job',
  Closing: 'closing',
} as const;

export const recoveryGateName = 'recovery';

export const UpdateEnvironmentPhase = {
  Reading: 'reading the change',
  Notebook: 'test in the dev workspace',
  Stage1: 'Stage 1 approval',
  Promotion: 'environment registration',
  Stage2: 'Stage 2 integration test',
  Stage3: 'Stage 3 approval',
  Frozen: 'waiting out a freeze',
  Deployment: 'updating all deployments',
  Monitoring: 'monitoring',
  Rollback: 'rollback',
} as const;

export const RollBackModelPhase = {
  Identify: 'identifying the issue',
  Choose: 'getting the previous version',
  Switch: 'executing the rollback',
  Verify: 'verifying',
  Monitoring: 'monitoring',
  RootCause: 'root cause analysis',
} as const;

export const InvestigateDegradationPhase = {
  Alert: 'investigating the alert',
  Data: 'analysing data quality',
  Drift: 'checking for drift',
  Decision: 'deciding on the cause',
  Waiting: 'waiting for the data to be fixed',
  Following: 'following the runbook that was started',
} as const;

export const ResolveTrainingFailuresPhase = {
  Identify: 'identifying the pattern',
  Logs: 'reviewing the logs',
  Fix: 'fixing the root causes',
  Retry: 'retrying the failed jobs',
  Person: 'asking a person',
  Report: 'telling the results',
} as const;

/** Gates of `resolveTrainingFailures`: may an environment be rebuilt, and is what people repair repaired? */
export const ResolutionGate = { Environment: 'environment', Repaired: 'repaired' } as const;

export const findFailuresPhase = 'looking for failed trainings';

export const RetrainOnDriftPhase = {
  Report: 'reviewing the drift report',
  Analysis: 'analysing the drift',
  Investigation: 'waiting for the investigation',
  Edit: 'updating the cutoff date',
  Proposal: 'creating the pull request',
  Review: 'review of the pull request',
  Release: 'following the release',
  Baseline: 'updating the drift monitor',
} as const;

/** The gate at which a person decides where the evidence is inconclusive. */
export const causeGateName = 'cause';
