/** Approvals on Azure DevOps' pages that no service hook may have told, for releases that wait for them. */
import pMap from 'p-map';
import type { ApprovalAnswer } from '../../workflows/domain/azure-approval.ts';
import { mostListed, type ApprovalHookRules } from '../../workflows/domain/hook-reconciliation.ts';
import { recordProgress } from '../heartbeat.ts';
import { answersOf, seeApproval, type ApprovalReading, type ApprovalRules } from './approval-answers.ts';
import { pendingApprovals, pullRequestsOfBuild, readAzureApproval, recentApprovals, stagesOfApproval, type ApprovalApis } from './approvals.ts';
import type { TagSightings } from './tag-sightings.ts';

export interface FindMissedApprovalsInput {
  rules: ApprovalHookRules;
  /** Releases that wait, each with the gate at which it does. */
  waiting: { workflowId: string; gate: string }[];
  /** ISO instant: what was decided before is left to the inbox. */
  since: string;
}

const concurrency = 4;

/**
 * Notes which tags stand on the runs of pending approvals, and finds the decisions that answer one of the gates, those that can count for nobody included, each with the reason.
 *
 * Safe to retry because it only reads, and the first sighting of a tag stays, however often it is seen.
 */
export async function findMissedApprovals(apis: ApprovalApis, sightings: Pick<TagSightings, 'note' | 'wasBefore'>, { rules, waiting, since }: FindMissedApprovalsInput): Promise<{ answers: ApprovalAnswer[] }> {
  const reading: ApprovalReading = {
    readApproval: (ref) => readAzureApproval(apis, ref),
    stagesOf: (approval) => stagesOfApproval(apis, approval),
    pullRequestsOf: (source, branch) => pullRequestsOfBuild(apis, source, branch),
    sightings,
  };
  let read = 0;
  const progress = (): void => recordProgress({ read: (read += 1) });
  // Whether or not a gate is open yet: a tag must have been seen before somebody decides.
  await pMap(await pendingApprovals(apis), async (ref) => { await seeApproval(reading, ref); progress(); }, { concurrency });
  if (waiting.length === 0) return { answers: [] };

  const accompanied = new Set(rules.accompanied.map(({ plant, circuit }) => `${plant}/${circuit}`));
  const judged: ApprovalRules = { ...rules, accompanies: ({ plant, circuit }) => accompanied.has(`${plant}/${circuit}`) };
  const decided = (await recentApprovals(apis)).filter(({ version }) => version === '' || Date.parse(version) >= Date.parse(since));
  const found = await pMap(decided, async ({ ref }) => {
    const approval = await seeApproval(reading, ref);
    const told = approval === null ? { ignored: '' } : await answersOf(reading, judged, approval);
    progress();
    return 'ignored' in told ? [] : told.answers.filter(({ workflowId, gate }) => waiting.some((each) => each.workflowId === workflowId && each.gate === gate));
  }, { concurrency });
  return { answers: found.flat().slice(0, 2 * mostListed) };
}
