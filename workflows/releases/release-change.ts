import { ApplicationFailure } from '@temporalio/workflow';
import { pMapSettled } from 'p-map';
import { Gates } from '../blocks/gates.ts';
import { requireInput } from '../blocks/required-input.ts';
import { Run } from '../blocks/run.ts';
import { FailureType } from '../domain/failures.ts';
import { targetLabel } from '../domain/ids.ts';
import { ReleaseChangePhase as Phase } from '../domain/phases.ts';
import { summarise } from '../domain/release-summary.ts';
import type { Change, ChangedCircuit, CircuitResult, ReleaseChangeInput, ReleaseChangeResult } from '../domain/release.ts';
import { BuildWatch } from './follow-builds.ts';
import { releaseGateServices } from './gate-services.ts';
import { JointApproval } from './joint-approval.ts';
import { appendToRecord, loadReleaseRules, readChange } from './release-activities.ts';
import { tellAuthor } from './refusals.ts';
import { trainAndRelease } from './train-and-release.ts';

/** New model deployment, steps 1 to 6: from a merged pull request to one `releaseModel` for each circuit that was trained. */
export async function releaseChange(input: ReleaseChangeInput): Promise<ReleaseChangeResult> {
  requireInput(input, ['repositoryId', 'pullRequestId']);
  const run = new Run({ phase: Phase.Reading, target: null, appendToRecord });
  const builds = new BuildWatch();
  const approval = new JointApproval(run, new Gates(run, releaseGateServices(run)));
  const circuits: CircuitResult[] = []; // as they end: what an interrupted run can still tell

  return await run.conclude(
    async () => {
      // 1. The merge has triggered the build: which circuits did the pull request change? A malformed file is refused and told to its author; the others go on.
      const rules = await loadReleaseRules({});
      const change = await readChange({ repositoryId: input.repositoryId, pullRequestId: input.pullRequestId });
      refuseUnfit(input, change, rules.releaseBranch);
      const { repositoryId, pullRequestId } = input;
      if (change.refused.length > 0) await tellAuthor(run, { repositoryId, pullRequestId }, change.refused, rules.settleMs);

      // 2. to 6. For each circuit: training, at most maxParallel at once, its metrics, registration, the published version, the start of its release; by the build pipeline where the estate says so.
      run.enter(Phase.Training);
      const selected = change.circuits.filter(({ target }) => input.only?.includes(targetLabel(target)) ?? true);
      const train = async (circuit: ChangedCircuit): Promise<CircuitResult> => {
        const result = await trainAndRelease(run, approval, builds, input, change, circuit);
        circuits.push(result);
        return result;
      };
      const endings = await pMapSettled(selected, train, { concurrency: input.maxParallel ?? rules.maxParallel });

      // 7. By policy, Stage 1 is decided here: once for all circuits of the change, with exceptions.
      return summarise(input, change, await approval.decide(endings.map(resultOf)));
    },
    (outcome, reason) => ({ outcome, reason, pullRequest: input.pullRequestId, circuits, refused: [], notes: [] }),
  );
}

/** Only a cancellation rejects; it is thrown, and undone, when no circuit is at work any more. */
function resultOf(ending: PromiseSettledResult<CircuitResult>): CircuitResult {
  if (ending.status === 'rejected') throw ending.reason;
  return ending.value;
}

/** What the receiver and the command line have checked already, for runs that are started past them. */
function refuseUnfit({ repositoryId, pullRequestId, only }: ReleaseChangeInput, { pullRequest, circuits }: Change, releaseBranch: string): void {
  const refuse = (reason: string): never => {
    throw ApplicationFailure.nonRetryable(reason, FailureType.InputInvalid);
  };
  if (pullRequest.targetRefName !== releaseBranch) refuse(`pull request ${pullRequestId} was merged into ${pullRequest.targetRefName}; releases come from ${releaseBranch}`);
  // Another spelling of the same repository would be another workflow, and release everything twice.
  if (pullRequest.repositoryId !== repositoryId) refuse(`repositoryId: must be the repository's own id, ${pullRequest.repositoryId}, not "${repositoryId}"`);
  const unknown = only?.filter((label) => !circuits.some(({ target }) => targetLabel(target) === label)) ?? [];
  if (unknown.length > 0) refuse(`only: the pull request does not configure ${unknown.join(', ')}`);
}
