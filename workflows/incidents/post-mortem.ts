/** The post-mortem and its action items as work items: each once, by a key of its own. */
import type { Run } from '../blocks/run.ts';
import { affected, postMortemHtml } from '../domain/incident-words.ts';
import type { CoordinateIncidentInput, CoordinateIncidentResult, IncidentAction } from '../domain/incident.ts';
import { escapeMarkup } from '../domain/markup.ts';
import { closeDuplicateWorkItems, createWorkItem } from '../releases/release-activities.ts';
import type { IncidentDesk } from './incident-desk.ts';

type WorkItem = { id: number; url: string } | null;

/** The report with the timeline, to be completed by people. */
export async function filePostMortem(run: Run, input: CoordinateIncidentInput, desk: IncidentDesk): Promise<WorkItem> {
  const item = await file(run, desk, 'post-mortem', `Post-mortem: ${input.title}`, postMortemHtml(input, desk.state, desk.timeline, run.signature), [desk.state.severity, affected(input)]);
  if (item) desk.note(`post-mortem ${item.url}`);
  return item;
}

/** Those action items that have come since; `filed` grows by them. */
export async function fileActions(run: Run, input: CoordinateIncidentInput, desk: IncidentDesk, filed: CoordinateIncidentResult['actions']): Promise<void> {
  while (filed.length < desk.state.actions.length) {
    const action = desk.state.actions[filed.length]!;
    filed.push({ title: action.title, owner: action.owner, workItem: await file(run, desk, `action ${filed.length}`, action.title, actionHtml(action, input, run.signature), [action.owner]) });
  }
}

function actionHtml({ title, owner, by, at }: IncidentAction, input: CoordinateIncidentInput, run: string): string {
  return `<p>${escapeMarkup(title)}</p><p>For ${escapeMarkup(owner)}; asked by ${escapeMarkup(by)} at ${at}, after the incident "${escapeMarkup(input.title)}" (${escapeMarkup(affected(input))}). Run ${escapeMarkup(run)}.</p>`;
}

/** The incident goes on also where none can be made; the run then says so. */
async function file(run: Run, desk: IncidentDesk, step: string, title: string, descriptionHtml: string, tags: string[]): Promise<WorkItem> {
  const key = run.key(step);
  return await run.attempt(`No work item for the ${step}`, async () => {
    const { id, url, uncertain } = await createWorkItem({ key, type: 'Task', title, descriptionHtml, tags: ['holdpoint', 'incident', ...tags] });
    if (uncertain) run.beforeClosing(`late twins of the ${step}`, () => closeDuplicateWorkItems({ key, keep: id, settleMs: desk.policy.settleMs }));
    return { id, url };
  });
}
