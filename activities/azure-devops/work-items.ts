/** Work items: a POST without a key, made safe by a tag that is searched for first, and by closing a late twin afterwards. */
import { activityInfo } from '@temporalio/activity';
import { azureDevOpsTag, type StepKey } from '../../workflows/domain/keys.ts';
import { settle } from '../settle.ts';
import { workItemPage, type AzureDevOpsApi, type JsonPatchOperation } from './rest.ts';

export interface CreateWorkItemInput {
  key: StepKey;
  /** `Bug`, `Task`, … as the project's process names it. */
  type: string;
  title: string;
  descriptionHtml: string;
  tags: string[];
}

export interface CreatedWorkItem {
  id: number;
  /** The page for people. */
  url: string;
  /** Whether an earlier attempt may have created another one that was not to be seen yet. */
  uncertain: boolean;
}

export interface CloseDuplicateWorkItemsInput {
  key: StepKey;
  /** The work item that stays open. */
  keep: number;
  /** How long a late twin is waited for, in milliseconds. */
  settleMs: number;
}

/** Azure DevOps refuses longer titles. */
const longestTitle = 255;
/**
 * Creates one work item.
 *
 * Safe to retry because a work item with this step's tag is searched for before each POST and the oldest is taken; one that only shows later is closed by `closeDuplicateWorkItems`.
 */
export async function createWorkItem(api: AzureDevOpsApi, { key, type, title, descriptionHtml, tags }: CreateWorkItemInput): Promise<CreatedWorkItem> {
  const uncertain = activityInfo().attempt > 1;
  const [oldest] = await api.queryWorkItems(tagged(key));
  const item = oldest === undefined ? await api.createWorkItem(type, fields()) : await api.workItem(oldest);
  return { id: item.id, url: workItemPage(item), uncertain };

  function fields(): JsonPatchOperation[] {
    return [
      { op: 'add', path: '/fields/System.Title', value: title.slice(0, longestTitle) },
      { op: 'add', path: '/fields/System.Description', value: descriptionHtml },
      // The form of a bug shows this field instead of the description.
      ...(type === 'Bug' ? [{ op: 'add' as const, path: '/fields/Microsoft.VSTS.TCM.ReproSteps', value: descriptionHtml }] : []),
      { op: 'add', path: '/fields/System.Tags', value: [...tags, azureDevOpsTag(key)].join('; ') },
    ];
  }
}

/**
 * Waits for late twins of a work item and closes each open one but the one kept, saying why.
 *
 * Safe to retry because only open work items are closed.
 */
export async function closeDuplicateWorkItems(api: AzureDevOpsApi, { key, keep, settleMs }: CloseDuplicateWorkItemsInput): Promise<{ closed: number[] }> {
  await settle(settleMs);
  const twins = (await api.queryWorkItems(tagged(key, `AND [System.State] <> 'Closed'`))).filter((id) => id !== keep);
  for (const id of twins) {
    await api.updateWorkItem(id, [
      { op: 'add', path: '/fields/System.State', value: 'Closed' },
      { op: 'add', path: '/fields/System.History', value: `Closed as a duplicate of #${keep}: the request that created this work item arrived late.` },
    ]);
  }
  return { closed: twins };
}

/** WIQL for the work items of a step, oldest first. The tag is hexadecimal, so nothing needs quoting. */
function tagged(key: StepKey, condition = ''): string {
  return `SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = @project AND [System.Tags] CONTAINS '${azureDevOpsTag(key)}' ${condition} ORDER BY [System.Id]`;
}
