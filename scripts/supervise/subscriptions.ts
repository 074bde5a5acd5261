import { ORGANISATION, PERSONAL_ACCESS_TOKEN, PROJECT_ID, REPOSITORY_ID } from '../../sandbox/core/tenancy.ts';
import type { Settings } from './settings.ts';
import { askJson } from './web.ts';

/** The events that start a release. */
const eventTypes = ['git.pullrequest.merged', 'git.pullrequest.updated'];

interface Subscription {
  id?: string;
  publisherId: string;
  eventType: string;
  resourceVersion: string;
  consumerId: string;
  consumerActionId: string;
  publisherInputs: Record<string, string>;
  consumerInputs: Record<string, string>;
}

/** Subscribes the receiver to the stand-in's pull requests, as a person would in Azure DevOps' project settings. What exists is kept or pointed to the receiver's present address. */
export async function subscribeReceiver({ sandbox, receiver }: Settings): Promise<void> {
  const base = `${sandbox.url}/ado/${ORGANISATION}/_apis/hooks/subscriptions`;
  const ask = <T>(path: string, method: string, body?: Subscription) =>
    askJson<T>(`${base}${path}?api-version=7.1`, {
      method,
      body,
      caFile: sandbox.caFile,
      headers: { authorization: `Basic ${Buffer.from(`:${PERSONAL_ACCESS_TOKEN}`).toString('base64')}` },
    });
  const { value: existing } = await ask<{ value: Subscription[] }>('', 'GET');
  for (const eventType of eventTypes) {
    const wanted = subscription(eventType, `${receiver.url}/webhooks/azure-devops`);
    const found = existing.find((each) => each.eventType === eventType && each.consumerId === 'webHooks');
    if (!found?.id) await ask('', 'POST', wanted);
    else if (found.consumerInputs.url !== wanted.consumerInputs.url) await ask(`/${found.id}`, 'PUT', { ...wanted, id: found.id });
  }
}

function subscription(eventType: string, url: string): Subscription {
  return {
    publisherId: 'tfs',
    eventType,
    resourceVersion: '1.0',
    consumerId: 'webHooks',
    consumerActionId: 'httpRequest',
    publisherInputs: { projectId: PROJECT_ID, repository: REPOSITORY_ID },
    consumerInputs: { url, basicAuthUsername: 'demo', basicAuthPassword: 'demo' },
  };
}
