/** The product in front of a build pipeline that trains: stack, hooks and worker, as the tests of accompanied changes need them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { readEstate } from '../../../activities/estate/estate-file.ts';
import { PROJECT_ID } from '../../../sandbox/core/tenancy.ts';
import { neededHooks } from '../../../starters/receiver/hook-subscriptions.ts';
import { Stack } from '../../support/stack.ts';

const people = ['alice', 'bob', 'carol', 'dana'].map((id) => ({ id, aliases: [`${id}@example.com`], calendar: null }));

/** So long that only a hook can have woken a run. */
export const neverPolls = { pollEvery: '20m', timeout: '1h' };

/** Several releases of one target wait side by side. */
export const accompanied = (more: object = {}): object => ({ settle: '1s', supersede: 'keep', execution: { training: 'accompany' }, training: neverPolls, monitoring: { for: '2s', every: '1s' }, ...more });

/** Starts everything and subscribes the receiver; answers the address of its webhooks. */
export async function startAccompanied(estate: object): Promise<{ stack: Stack; url: string }> {
  const stack = await Stack.start({ estate });
  const [url] = await Promise.all([stack.startReceiver(), stack.startWorker()]);
  for (const { publisherId, eventType } of neededHooks(await readEstate(stack.environment['HOLDPOINT_ESTATE']!))) {
    await stack.azureDevOps.rest.send({
      method: 'POST',
      url: '/_apis/hooks/subscriptions',
      query: { 'api-version': '7.1' },
      body: { publisherId, eventType, resourceVersion: '1.0', consumerId: 'webHooks', consumerActionId: 'httpRequest', publisherInputs: { projectId: PROJECT_ID }, consumerInputs: { url, basicAuthUsername: 'demo', basicAuthPassword: 'demo' } },
    });
  }
  return { stack, url };
}

/** Posts a notification as Azure DevOps does, in the fewest fields. */
export async function post<T>(url: string, eventType: string, resource: object, id: string = crypto.randomUUID()): Promise<{ status: number; body: T }> {
  const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('demo:demo')}` }, body: JSON.stringify({ id, eventType, publisherId: 'tfs', resource }) });
  return { status: response.status, body: (await response.json()) as T };
}

/** Waits until an activity of the run is between two attempts: the look has found nothing and the next one is far. */
export async function waits(stack: Stack, workflowId: string, activity: string): Promise<void> {
  for (;;) {
    const { raw } = await stack.client.workflow.getHandle(workflowId).describe();
    if (raw.pendingActivities?.some(({ activityType, attempt, lastFailure }) => activityType?.name === activity && (attempt ?? 1) > 1 && lastFailure)) return;
    await sleep(50);
  }
}

export { people };
