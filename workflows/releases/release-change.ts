import { ApplicationFailure } from '@temporalio/workflow';
import pMap from 'p-map';
import { Run } from '../blocks/run.ts';
import { FailureType } from '../domain/failures.ts';
import { targetLabel } from '../domain/ids.ts';
import { ReleaseChangePhase as Phase } from '../domain/phases.ts';
import { summarise } from '../domain/release-summary.ts';
import type { ReleaseChangeInput, ReleaseChangeResult } from '../domain/release.ts';
import { loadReleaseRules, readChange } from './release-activities.ts';
import { tellAuthor } from './refusals.ts';
import { trainAndRelease } from './train-and-release.ts';

/** New model deployment, steps 1 to 6: from a merged pull request to one `releaseModel` for each circuit that was trained. */
export async function releaseChange(input: ReleaseChangeInput): Promise<ReleaseChangeResult> {
  const run = new Run({ phase: Phase.Reading, target: null });

  return await run.conclude(
    async () => {
      // Which circuits did the merged pull request change? A malformed file is refused and told to its author; the others go on.
      const rules = await loadReleaseRules({});
      const change = await readChange({ repositoryId: input.repositoryId, pullRequestId: input.pullRequestId });
      if (change.pullRequest.targetRefName !== rules.releaseBranch) {
        throw ApplicationFailure.nonRetryable(`pull request ${input.pullRequestId} was merged into ${change.pullRequest.targetRefName}; releases come from ${rules.releaseBranch}`, FailureType.InputInvalid);
      }
      const { repositoryId, pullRequestId } = input;
      if (change.refused.length > 0) await tellAuthor(run, { repositoryId, pullRequestId }, change.refused, rules.settleMs);

      // Train them, at most maxParallel at once; register each model; its release goes on by itself.
      run.enter(Phase.Training);
      const selected = change.circuits.filter(({ target }) => input.only?.includes(targetLabel(target)) ?? true);
      const circuits = await pMap(selected, (circuit) => trainAndRelease(run, input, change, circuit), { concurrency: input.maxParallel ?? rules.maxParallel });
      return summarise(input, change, circuits);
    },
    (outcome, reason) => ({ outcome, reason, pullRequest: input.pullRequestId, circuits: [], refused: [], notes: [] }),
  );
}
