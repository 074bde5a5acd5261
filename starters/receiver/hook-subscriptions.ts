/** The service hooks of Azure DevOps that the receiver needs, as the estate is. */
import { accompaniesAny } from '../../activities/estate/accompanied.ts';
import type { Estate } from '../../activities/estate/schema.ts';

export interface HookSubscription {
  publisherId: 'tfs' | 'pipelines' | 'rm';
  eventType: string;
  /** Whether it can be narrowed to one repository. */
  ofRepository: boolean;
}

export const webhookPath = '/webhooks/azure-devops';

/** Pull requests start releases. */
const always: readonly HookSubscription[] = [
  { publisherId: 'tfs', eventType: 'git.pullrequest.merged', ofRepository: true },
  { publisherId: 'tfs', eventType: 'git.pullrequest.updated', ofRepository: true },
];

/** Builds wake the changes that wait for them; approvals are seen while they are pending, and answer gates once they are given. */
const accompanying: readonly HookSubscription[] = [
  { publisherId: 'tfs', eventType: 'build.complete', ofRepository: false },
  { publisherId: 'pipelines', eventType: 'ms.vss-pipelines.run-state-changed-event', ofRepository: false },
  { publisherId: 'pipelines', eventType: 'ms.vss-pipelinechecks-events.approval-pending', ofRepository: false },
  { publisherId: 'pipelines', eventType: 'ms.vss-pipelinechecks-events.approval-completed', ofRepository: false },
  { publisherId: 'rm', eventType: 'ms.vss-release.deployment-approval-pending-event', ofRepository: false },
  { publisherId: 'rm', eventType: 'ms.vss-release.deployment-approval-completed-event', ofRepository: false },
];

/** Without an accompanied target only pull requests matter. */
export function neededHooks(estate: Estate): readonly HookSubscription[] {
  return accompaniesAny(estate) ? [...always, ...accompanying] : always;
}
