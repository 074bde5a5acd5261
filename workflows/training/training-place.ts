import { ApplicationFailure } from '@temporalio/workflow';
import { FailureType } from '../domain/failures.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { severities, type Target } from '../domain/vocabulary.ts';
import { loadPolicy } from '../releases/release-activities.ts';
import { loadFleet } from './failure-activities.ts';

/** Where the estate's circuits are trained, and by whose policy it is decided about all of them: that of the gravest. */
export interface TrainingPlace {
  policy: TargetPolicy;
  targets: Target[];
}

/** @throws EstateInvalid (not retried) for an estate without circuits */
export async function loadTrainingPlace(): Promise<TrainingPlace> {
  const { circuits } = await loadFleet({});
  const gravest = [...circuits].sort((one, other) => severities.indexOf(one.severity) - severities.indexOf(other.severity))[0];
  if (!gravest) throw ApplicationFailure.nonRetryable('the estate has no circuit: there is nothing whose training could fail', FailureType.EstateInvalid);
  return { policy: await loadPolicy({ target: gravest.target }), targets: circuits.map(({ target }) => target) };
}
