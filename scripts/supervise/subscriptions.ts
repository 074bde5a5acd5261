import { readEstate } from '../../activities/estate/estate-file.ts';
import { ORGANISATION, PERSONAL_ACCESS_TOKEN, PROJECT_ID, REPOSITORY_ID } from '../../sandbox/core/tenancy.ts';
import { neededHooks, webhookPath, type HookSubscription } from '../../starters/receiver/hook-subscriptions.ts';
import { readReceiverConfiguration } from '../../workers/configuration.ts';
import type { Settings } from './settings.ts';
import { askJson } from './web.ts';

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

/**
 * Subscribes the receiver to what the estate needs of the stand-in, as a person would in Azure DevOps' project settings: pull requests, and builds and approvals where a pipeline is
 * accompanied. Our own that exist are kept, or pointed to the receiver's present address; those of others are left alone.
 */
export async function subscribeReceiver({ sandbox, receiver, environment }: Pick<Settings, 'sandbox' | 'receiver' | 'environment'>): Promise<void> {
  const base = `${sandbox.url}/ado/${ORGANISATION}/_apis/hooks/subscriptions`;
  const ask = <T>(path: string, method: string, body?: Subscription) =>
    askJson<T>(`${base}${path}?api-version=7.1`, {
      method,
      body,
      caFile: sandbox.caFile,
      headers: { authorization: `Basic ${Buffer.from(`:${PERSONAL_ACCESS_TOKEN}`).toString('base64')}` },
    });
  const { estateFile, HOLDPOINT_WEBHOOK_USER: user, HOLDPOINT_WEBHOOK_PASSWORD: password } = readReceiverConfiguration(environment);
  const needed = neededHooks(await readEstate(estateFile));
  const { value: existing } = await ask<{ value: Subscription[] }>('', 'GET');
  for (const hook of needed) {
    const wanted = subscription(hook, `${receiver.url}${webhookPath}`, { user, password });
    const found = existing.find((each) => each.eventType === hook.eventType && each.publisherId === hook.publisherId && isOurs(each));
    if (!found?.id) await ask('', 'POST', wanted);
    else if (found.consumerInputs.url !== wanted.consumerInputs.url) await ask(`/${found.id}`, 'PUT', { ...wanted, id: found.id });
  }
}

/** By the path that it calls: the port may have changed. */
function isOurs({ consumerId, consumerInputs: { url = '' } }: Subscription): boolean {
  return consumerId === 'webHooks' && URL.canParse(url) && new URL(url).pathname === webhookPath;
}

function subscription({ publisherId, eventType, ofRepository }: HookSubscription, url: string, { user, password }: { user: string; password: string }): Subscription {
  return {
    publisherId,
    eventType,
    resourceVersion: '1.0',
    consumerId: 'webHooks',
    consumerActionId: 'httpRequest',
    publisherInputs: { projectId: PROJECT_ID, ...(ofRepository && { repository: REPOSITORY_ID }) },
    consumerInputs: { url, basicAuthUsername: user, basicAuthPassword: password },
  };
}
