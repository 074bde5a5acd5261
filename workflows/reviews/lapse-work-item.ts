import type { Run } from '../blocks/run.ts';
import { targetLabel } from '../domain/ids.ts';
import { stepKey } from '../domain/keys.ts';
import { escapeMarkup } from '../domain/markup.ts';
import type { WaitingGate } from '../domain/review-gates.ts';
import { createWorkItem } from '../releases/release-activities.ts';

/** One work item for the data scientist, whose key is that of the release's gate and not of this run: another run of the schedule files the same one. */
export async function fileLapse(run: Run, { workflowId, runId, gate, target }: WaitingGate, reason: string): Promise<{ id: number; url: string }> {
  const what = target === null ? workflowId : `${targetLabel(target)} ${target.version}`;
  const { id, url } = await createWorkItem({
    key: stepKey({ workflowId, firstExecutionRunId: runId, step: `lapse ${gate}` }),
    type: 'Bug',
    title: `Release of ${what} lapsed at ${gate}`,
    descriptionHtml: `<p>${escapeMarkup(gate)} of run ${escapeMarkup(workflowId)}: ${escapeMarkup(reason)}.</p><p>Let lapse by ${escapeMarkup(run.signature)}; production is as it was.</p>`,
    tags: ['holdpoint', ...(target === null ? [] : [targetLabel(target)])],
  });
  return { id, url };
}
