import { randomUUID } from 'node:crypto';
import { REPOSITORY, REPOSITORY_ID } from '../../core/tenancy.ts';
import type { Addresses } from '../addresses.ts';
import { identityOf } from '../identity.ts';
import { presentPullRequest } from '../pull-requests/presentation.ts';
import type { PullRequest } from '../pull-requests/pull-requests.ts';
import type { Subscription } from './subscriptions.ts';

/** Something that happened; the same event may go to several subscriptions. */
export interface ServiceEvent {
  id: string;
  eventType: string;
  publisherId: string;
  createdDate: string;
  /** What it is about, such as `pull-request:5`: its notifications can be sent once more. */
  subject: string;
  /** The sentences that messages are made of. */
  text: string;
  details: string;
  resource: Record<string, unknown>;
  /** The resource of other versions than the usual one. */
  resourceOf?: Record<string, Record<string, unknown>>;
  /** What of the resource a subscriber to minimal details gets. */
  minimal: Record<string, unknown>;
  /** By the publisher's input: the values that let it through. Inputs that are not here let everything through. */
  filters: Record<string, string[]>;
}

/** What happened to a pull request besides its status. */
export type PullRequestNews = 'status' | 'vote' | 'push';

/**
 * The events of a pull request that has reached its status, got a vote, or got a push. `git.pullrequest.merged` means that a merge commit was made, which
 * happens on trial for an active pull request too.
 */
export function eventsOf(pullRequest: PullRequest, createdDate: string, addresses: Addresses, news: PullRequestNews = 'status'): ServiceEvent[] {
  const { status, pullRequestId, title, description, targetRefName } = pullRequest;
  const event = (eventType: string, verb: string, notificationType?: string): ServiceEvent => {
    const text = `${identityOf(pullRequest.createdBy).displayName} ${verb} pull request ${pullRequestId} (${title})`;
    const resource = presentPullRequest(pullRequest, addresses);
    return {
      id: randomUUID(),
      eventType,
      publisherId: 'tfs',
      createdDate,
      subject: `pull-request:${pullRequestId}`,
      text,
      details: `${text}\n\n${description}`.trim(),
      resource,
      minimal: { pullRequestId: resource.pullRequestId, url: resource.url },
      filters: {
        repository: [REPOSITORY, REPOSITORY_ID],
        branch: [targetRefName, targetRefName.replace(/^refs\/heads\//, '')],
        notificationType: notificationType === undefined ? [] : [notificationType],
      },
    };
  };
  const statusUpdate = (verb: string) => event('git.pullrequest.updated', verb, 'StatusUpdateNotification');
  const merged = event('git.pullrequest.merged', 'created a merge commit for');
  if (news === 'vote') return [event('git.pullrequest.updated', 'changed the reviewers of', 'ReviewerVoteNotification')];
  if (news === 'push') return [event('git.pullrequest.updated', 'updated the source branch of', 'PushNotification'), merged];
  if (status === 'completed') return [merged, statusUpdate('completed')];
  if (status === 'abandoned') return [statusUpdate('abandoned')];
  return [event('git.pullrequest.created', 'created'), merged];
}

/** The body that is posted to the subscriber, as detailed as the subscription wishes. */
export function envelope(event: ServiceEvent, subscription: Subscription, notificationId: number, addresses: Addresses): object {
  const { resourceDetailsToSend, messagesToSend, detailedMessagesToSend } = subscription.consumerInputs;
  return {
    subscriptionId: subscription.id,
    notificationId,
    id: event.id,
    eventType: event.eventType,
    publisherId: event.publisherId,
    message: messages(event.text, messagesToSend),
    detailedMessage: messages(event.details, detailedMessagesToSend),
    resource: resource(event, subscription.resourceVersion, resourceDetailsToSend),
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

function resource({ resource: whole, resourceOf, minimal }: ServiceEvent, version: string, wanted = 'all'): object | null {
  if (wanted === 'none') return null;
  return wanted === 'minimal' ? minimal : (resourceOf?.[version] ?? whole);
}
