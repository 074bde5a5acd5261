/** Azure DevOps' service-hook notifications, as far as they are trusted: which pull request, build or approval to look at. Everything else is read again through the API. */
import { z } from 'zod';
import type { ApprovalRef } from '../../activities/azure-devops/approvals.ts';
import { fieldInWords } from '../../workflows/domain/issue-words.ts';

/** A completed pull request shows in both; neither means completion by itself: `merged` also comes for each trial merge of an active one. */
const pullRequestEvents: readonly string[] = ['git.pullrequest.merged', 'git.pullrequest.updated'];

/** A run of a YAML pipeline is a build of the same number. */
const buildEvent = 'build.complete';
const runEvent = 'ms.vss-pipelines.run-state-changed-event';
/** Pending too: the tags of the run are noted before anybody has decided. */
const pipelineApprovalEvents = ['ms.vss-pipelinechecks-events.approval-pending', 'ms.vss-pipelinechecks-events.approval-completed'];
const releaseApprovalEvents = ['ms.vss-release.deployment-approval-pending-event', 'ms.vss-release.deployment-approval-completed-event'];

const text = z.string('must be a text').min(1, 'must not be empty').max(400, 'must have at most 400 characters');

const envelope = z.object({
  id: text,
  eventType: text,
  subscriptionId: z.string('must be a text').nullish(),
  notificationId: z.int('must be a whole number').nullish(),
});

const pullRequestResource = z.object(
  {
    pullRequestId: z.int('must be a whole number').positive('must be 1 or more'),
    repository: z.object({ id: text }, 'must be an object').optional(),
    /** Of the REST API; names the repository where the subscription sends minimal resource details. */
    url: z.string('must be a text').optional(),
  },
  'must be an object; set "Resource details to send" of the subscription to All or Minimal',
);

const detailsHint = 'must be an object; set "Resource details to send" of the subscription to All or Minimal';
const number = z.int('must be a whole number').positive('must be 1 or more');
const buildResource = z.object({ id: number }, detailsHint);
const runResource = z.object({ run: z.object({ id: number }, 'must be an object') }, detailsHint);
const pipelineApprovalResource = z.object({ approval: z.object({ id: z.guid('must be a GUID') }, 'must be an object') }, detailsHint);
const releaseApprovalResource = z.object({ approval: z.object({ id: number }, 'must be an object') }, detailsHint);

export interface HookNotification {
  /** For the log: what to look for in the history of the subscription. */
  ids: { eventId: string; eventType: string; subscriptionId?: string; notificationId?: number };
  /** Null for events that start nothing. The repository is an id or a name. */
  pullRequest: { repositoryId: string; pullRequestId: number } | null;
  /** Number of a build that may have ended. */
  buildId: number | null;
  /** An approval that waits, or may have been given. */
  approval: ApprovalRef | null;
}

/** A notification that cannot be read; the message names the field. */
export class MalformedNotification extends Error {}

/** @throws MalformedNotification */
export function readNotification(body: unknown): HookNotification {
  const { id, eventType, subscriptionId, notificationId } = parse(z.object(envelope.shape, 'must be one JSON object'), body, []);
  const ids = { eventId: id, eventType, ...(subscriptionId && { subscriptionId }), ...(notificationId && { notificationId }) };
  const nothing: HookNotification = { ids, pullRequest: null, buildId: null, approval: null };
  const told = (body as { resource?: unknown }).resource;
  if (eventType === buildEvent) return { ...nothing, buildId: parse(buildResource, told, ['resource']).id };
  if (eventType === runEvent) return { ...nothing, buildId: parse(runResource, told, ['resource']).run.id };
  if (pipelineApprovalEvents.includes(eventType)) return { ...nothing, approval: { kind: 'pipelines', id: parse(pipelineApprovalResource, told, ['resource']).approval.id } };
  if (releaseApprovalEvents.includes(eventType)) return { ...nothing, approval: { kind: 'release', id: parse(releaseApprovalResource, told, ['resource']).approval.id } };
  if (!pullRequestEvents.includes(eventType)) return nothing;

  const resource = parse(pullRequestResource, told, ['resource']);
  const repositoryId = resource.repository?.id ?? repositoryOf(resource.url);
  if (repositoryId === undefined) throw new MalformedNotification('resource.repository.id: is missing, and resource.url names no repository');
  return { ...nothing, pullRequest: { repositoryId, pullRequestId: resource.pullRequestId } };
}

function parse<S extends z.ZodType>(schema: S, value: unknown, path: string[]): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MalformedNotification(parsed.error.issues.map((issue) => fieldInWords(issue, path)).join('; '));
}

function repositoryOf(url: string | undefined): string | undefined {
  const part = /\/_apis\/git\/repositories\/([^/?#]+)\//i.exec(url ?? '')?.[1];
  try {
    return part === undefined ? undefined : decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
