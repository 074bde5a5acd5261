/** What a notification leads to, and how the log says it. */
import { approvalGiven, type ApprovalPorts } from './approval-given.ts';
import type { HookNotification } from './azure-devops-event.ts';
import { buildEnded, type BuildPorts } from './build-ended.ts';
import { releaseCompleted, type HookOutcome, type ReleasePorts } from './release-completed.ts';

export interface HookPorts extends ReleasePorts {
  /** Left out: events about builds start nothing. */
  builds?: BuildPorts;
  /** Left out: approvals on Azure DevOps' pages answer nothing. */
  azureApprovals?: ApprovalPorts;
}

/** @throws the platform's classified failures, and TryLater when something that is needed is away */
export async function outcomeOf({ builds, azureApprovals, ...release }: HookPorts, { ids: { eventId, eventType }, pullRequest, buildId, approval }: HookNotification): Promise<HookOutcome> {
  if (pullRequest !== null) return await releaseCompleted(release, pullRequest);
  if (buildId !== null && builds) return await buildEnded(builds, { buildId, eventId, eventType });
  if (approval !== null && azureApprovals) return await approvalGiven(azureApprovals, approval);
  return { ignored: `${eventType} starts nothing` };
}

export function sentence(outcome: HookOutcome): string {
  if ('ignored' in outcome) return 'ignored';
  if ('decisions' in outcome) return outcome.decisions.some(({ counted }) => counted) ? 'decision counted' : 'decision not counted';
  if ('unresolved' in outcome) return 'kept until its change is known';
  if ('reviewed' in outcome) return outcome.reviewed ? 'review woken' : 'review had ended';
  if ('woken' in outcome) return outcome.woken ? 'release woken' : 'release had ended';
  return outcome.started ? 'release started' : 'release was started before';
}
