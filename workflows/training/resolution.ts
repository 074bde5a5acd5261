/** What every step of a resolution needs to know, and what it has found and done so far. */
import type { Gates } from '../blocks/gates.ts';
import type { Run } from '../blocks/run.ts';
import { escapeMarkup } from '../domain/markup.ts';
import type { FailureCase, ResolveTrainingFailuresInput, ResolveTrainingFailuresResult } from '../domain/training-failures.ts';
import { closeDuplicateWorkItems, createWorkItem } from '../releases/release-activities.ts';
import type { TrainingPlace } from './training-place.ts';

export interface Resolution {
  run: Run;
  gates: Gates;
  place: TrainingPlace;
  input: ResolveTrainingFailuresInput;
  /** All failed jobs. */
  cases: FailureCase[];
  said: Pick<ResolveTrainingFailuresResult, 'retried' | 'table' | 'quota' | 'rebuilt' | 'workItems'>;
}

/** One work item; `html` is taken as it is. Where none can be made the run says so, and goes on: what was found stands in the table too. */
export async function fileItem({ run, place: { policy }, said }: Resolution, { what, title, sentences = [], html = '', tags = [] }: { what: string; title: string; sentences?: readonly string[]; html?: string; tags?: string[] }): Promise<string | null> {
  return await run.attempt(`The work item for ${what} could not be made`, async () => {
    const key = run.key(`work item: ${what}`);
    const { id, url, uncertain } = await createWorkItem({
      key,
      type: 'Task',
      title,
      descriptionHtml: [...sentences.map((sentence) => `<p>${escapeMarkup(sentence)}</p>`), html, `<p>Run ${escapeMarkup(run.signature)}.</p>`].join(''),
      tags: ['holdpoint', 'training-failures', ...tags],
    });
    if (uncertain) run.beforeClosing(`late twins of the work item for ${what}`, () => closeDuplicateWorkItems({ key, keep: id, settleMs: policy.settleMs }));
    said.workItems.push({ what, id, url });
    return `work item ${id}`;
  });
}
