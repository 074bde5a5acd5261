import type { Run } from '../blocks/run.ts';
import { targetLabel } from '../domain/ids.ts';
import { escapeMarkup } from '../domain/markup.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { ReleaseModelInput, ReleaseModelResult } from '../domain/release.ts';
import { closeDuplicateWorkItems, createWorkItem } from './release-activities.ts';

/** One work item that tells the data scientist why the version does not go on. The "no" stands also where none can be made; the run then says so. */
export async function fileWorkItem(run: Run, input: ReleaseModelInput, policy: TargetPolicy, reason: string): Promise<ReleaseModelResult['workItem']> {
  return await run.attempt('The work item could not be made', () => createOnce(run, input, policy, reason));
}

async function createOnce(run: Run, input: ReleaseModelInput, policy: TargetPolicy, reason: string): Promise<ReleaseModelResult['workItem']> {
  const key = run.key('work item');
  const { id, url, uncertain } = await createWorkItem({
    key,
    type: 'Bug',
    title: `Release of ${targetLabel(input.target)} ${input.version} was rejected`,
    descriptionHtml: [`<p>${escapeMarkup(reason)}</p>`, `<p>Pull request ${input.pullRequest.id}: ${escapeMarkup(input.pullRequest.title)}; training job ${escapeMarkup(input.trainingJob)}; run ${escapeMarkup(run.signature)}.</p>`].join(''),
    tags: ['holdpoint', targetLabel(input.target)],
  });
  if (uncertain) run.beforeClosing('late twins of the work item', () => closeDuplicateWorkItems({ key, keep: id, settleMs: policy.settleMs }));
  return { id, url };
}
