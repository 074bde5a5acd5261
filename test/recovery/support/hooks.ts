/** Azure DevOps' service hooks, as the stand-in delivers them to the receiver, and as a test posts them in an order of its own. */
import { PROJECT_ID, REPOSITORY_ID } from '../../../sandbox/core/tenancy.ts';
import type { Stack } from '../../support/stack.ts';
import type { CompletedPullRequest } from '../../support/stand-in-control.ts';

export const hookEvents = ['git.pullrequest.merged', 'git.pullrequest.updated'] as const;

const authorization = `Basic ${Buffer.from('demo:demo').toString('base64')}`;

/** Subscribes the receiver to the stand-in's pull requests; answers the ids of the subscriptions. */
export async function subscribe({ azureDevOps: { rest } }: Stack, url: string): Promise<string[]> {
  const ids: string[] = [];
  for (const eventType of hookEvents) {
    const { body } = await rest.send<{ id: string }>({
      method: 'POST',
      url: '/_apis/hooks/subscriptions',
      query: { 'api-version': '7.1' },
      body: {
        publisherId: 'tfs',
        eventType,
        resourceVersion: '1.0',
        consumerId: 'webHooks',
        consumerActionId: 'httpRequest',
        publisherInputs: { projectId: PROJECT_ID, repository: REPOSITORY_ID },
        consumerInputs: { url, basicAuthUsername: 'demo', basicAuthPassword: 'demo' },
      },
    });
    ids.push(body.id);
  }
  return ids;
}

/** Statuses with which the receiver has answered every delivery of these subscriptions so far. */
export async function deliveries({ azureDevOps: { rest } }: Stack, subscriptionIds: readonly string[]): Promise<(number | null)[]> {
  const answered: (number | null)[] = [];
  for (const id of subscriptionIds) {
    type Notifications = { value: { details: { attempts: { status: number | null }[] } }[] };
    const { body } = await rest.send<Notifications>({ method: 'GET', url: `/_apis/hooks/subscriptions/${id}/notifications`, query: { 'api-version': '7.1' } });
    answered.push(...body.value.flatMap(({ details }) => details.attempts.map(({ status }) => status)));
  }
  return answered;
}

/** Posts a notification to the receiver as Azure DevOps does, in the fewest fields; answers status and body. */
export async function post(url: string, eventType: (typeof hookEvents)[number], { repositoryId, pullRequestId }: CompletedPullRequest): Promise<{ status: number; body: { started?: boolean; workflowId?: string; ignored?: string } }> {
  const notification = { id: crypto.randomUUID(), eventType, publisherId: 'tfs', resource: { pullRequestId, repository: { id: repositoryId } } };
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', authorization }, body: JSON.stringify(notification) });
  return { status: response.status, body: (await response.json()) as { started?: boolean } };
}
