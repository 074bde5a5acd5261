import { ApplicationFailure } from '@temporalio/workflow';
import { mostFailures, type FleetMember, type UpdateEnvironmentInput } from '../domain/environment.ts';
import { FailureType } from '../domain/failures.ts';
import { toleratedFailures } from '../domain/fan-out.ts';
import { targetLabel } from '../domain/ids.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { severities } from '../domain/vocabulary.ts';
import { loadPolicy } from '../releases/release-activities.ts';
import { loadFleet } from './environment-activities.ts';

/** Whom an update concerns, by whose policy it is decided, and within which limits. */
export interface UpdatePlan {
  members: FleetMember[];
  /** Of the gravest circuit: what holds for it holds for all. */
  policy: TargetPolicy;
  maxParallel: number;
  failureBudget: number;
  waveSize: number;
  lockWaitMs: number;
}

/** Most models of one update: an update in waves, its rollback and the tests of so many fit one history. */
const mostModels = 200;

/** @throws InputInvalid (not retried) for a budget that nobody could name the exceptions of; EstateInvalid (not retried) for an estate without circuits, or with more than one history can hold */
export async function planUpdate({ maxParallel = 5, failureBudget, waveSize = 10, lockWaitMs = 60_000 }: UpdateEnvironmentInput): Promise<UpdatePlan> {
  if (failureBudget !== undefined && failureBudget > mostFailures) throw ApplicationFailure.nonRetryable(`failureBudget: at most ${mostFailures}: each failed model is named by a person before Stage 3 can be approved`, FailureType.InputInvalid);
  const { circuits } = await loadFleet({});
  const gravest = [...circuits].sort((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity))[0];
  if (!gravest) throw ApplicationFailure.nonRetryable('the estate has no circuit: there is nothing that an environment could be updated for', FailureType.EstateInvalid);
  if (circuits.length > mostModels) throw ApplicationFailure.nonRetryable(`the estate has ${circuits.length} circuits; an environment is updated for at most ${mostModels} in one run`, FailureType.EstateInvalid);
  return {
    members: circuits.map(({ target, endpoint, deployment }) => ({ target, label: targetLabel(target), endpoint, deployment })),
    policy: await loadPolicy({ target: gravest.target }),
    maxParallel,
    failureBudget: failureBudget ?? toleratedFailures({ percent: 5 }, circuits.length),
    waveSize,
    lockWaitMs,
  };
}
