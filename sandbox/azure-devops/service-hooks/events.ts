import { randomUUID } from 'node:crypto';
import type { Addresses } from '../addresses.ts';
import { identityOf } from '../identity.ts';
import { presentPullRequest } from '../pull-requests/presentation.ts';
import type { PullRequest } from '../pull-requests/pull-requests.ts';
import type { Subscription } from './subscriptions.ts';

/** Something that happened to a pull request; the same event may go to several subscriptions. */
export interface HookEvent {
  id: string;
  eventType: string;
  /** Of `git.pullrequest.updated`: what kind of update it was. */
  notificationType?: string;
  verb: string;
  createdDate: string;
}

/**
 * The events of a pull request that has reached its status. `git.pullrequest.merged` means that a merge commit was made, which
 * happens on trial for an active pull request too.
 */
export function eventsOf({ status }: PullRequest, createdDate: string): HookEvent[] {
  const event = (eventType: string, verb: string, notificationType?: string): HookEvent =>
    ({ id: randomUUID(), eventType, verb, createdDate, ...(notificationType ? { notificationType } : {}) });
  const statusUpdate = (verb: string) => event('git.pullrequest.updated', verb, 'StatusUpdateNotification');
  const merged = event('git.pullrequest.merged', 'created a merge commit for');
  if (status === 'completed') return [merged, statusUpdate('completed')];
  if (status === 'abandoned') return [statusUpdate('abandoned')];
  return [event('git.pullrequest.created', 'created'), merged];
}

/** The body that is posted to the subscriber, as detailed as the subscription wishes. */
export function envelope(event: HookEvent, pullRequest: PullRequest, subscription: Subscription, notificationId: number, addresses: Addresses): object {
  const { resourceDetailsToSend, messagesToSend, detailedMessagesToSend } = subscription.consumerInputs;
  const who = identityOf(pullRequest.createdBy).displayName;
  const sentence = `${who} ${event.verb} pull request ${pullRequest.pullRequestId} (${pullRequest.title})`;
  return {
    subscriptionId: subscription.id,
    notificationId,
    id: event.id,
    eventType: event.eventType,
    publisherId: 'tfs',
    message: messages(sentence, messagesToSend),
    detailedMessage: messages(`${sentence}\n\n${pullRequest.description}`.trim(), detailedMessagesToSend),
    resource: resource(presentPullRequest(pullRequest, addresses), resourceDetailsToSend),
    resourceVersion: subscription.resourceVersion,
    resourceContainers: addresses.containers(),
    createdDate: event.createdDate,
  };
}

function messages(text: string, wanted = 'all'): object | null {
  if (wanted === 'none') return null;
  const forms: Record<string, string> = { text, html: text.replaceAll('&', '&amp;').replaceAll('<', '&lt;'), markdown: text };
  return wanted === 'all' ? forms : { [wanted]: forms[wanted] };
}

function resource(whole: Record<string, unknown>, wanted = 'all'): object | null {
  if (wanted === 'none') return null;
  return wanted === 'minimal' ? { pullRequestId: whole.pullRequestId, url: whole.url } : whole;
}
