/** The receiver's ways to decide, put together from its configuration: the inbox, and buttons in Slack. */
import { join } from 'node:path';
import type { Client } from '@temporalio/client';
import { readEstate } from '../../activities/estate/estate-file.ts';
import { buttonKeysFile, openButtonKeys } from '../../activities/notifications/button-token.ts';
import { keyFiles } from '../../activities/record/key-ring.ts';
import { exposed, withSignIn, type ReceiverConfiguration } from '../../workers/configuration.ts';
import { createDecisionSigner } from '../decision-signer.ts';
import type { SlackOptions } from './chat-actions/plugin.ts';
import { temporalGates } from './inbox/gate-port.ts';
import { openLocalUsers } from './inbox/local-users.ts';
import { OpenId } from './inbox/open-id.ts';
import type { InboxOptions } from './inbox/plugin.ts';
import { SessionStore } from './inbox/session-store.ts';

/** Users of the demo; nobody signs in with a password anywhere else. */
const demoUsers = ['alice', 'bob', 'carol', 'dana'];
const hour = 3_600_000;
/** A working day, and a meeting or two without a look at the inbox. */
const sessionLimits = { idleMs: 2 * hour, absoluteMs: 10 * hour };
/** Milliseconds for which the people of the estate are not read again. */
const peopleMs = 2_000;

export interface Approvals {
  inbox: InboxOptions | undefined;
  slack: SlackOptions | undefined;
}

export async function approvals(configuration: ReceiverConfiguration, client: Client): Promise<Approvals> {
  const { estateFile, uiUrl, keysDirectory, HOLDPOINT_STATE, HOLDPOINT_PROFILE, HOLDPOINT_INBOX_URL, SLACK_SIGNING_SECRET, HOLDPOINT_OIDC_ISSUER: issuer, HOLDPOINT_OIDC_CLIENT_ID: clientId } = configuration;
  const { HOLDPOINT_OIDC_PERSON_CLAIM: personClaim, HOLDPOINT_DEMO_USERS } = configuration;
  const isDemo = HOLDPOINT_PROFILE === 'demo';
  const inboxUrl = HOLDPOINT_INBOX_URL ?? (await readEstate(estateFile)).inbox ?? null;
  // The estate may give an address that the environment does not.
  if (inboxUrl !== null) withSignIn({ ...configuration, HOLDPOINT_INBOX_URL: inboxUrl });
  const openId = issuer === undefined || clientId === undefined || personClaim === undefined
    ? null
    : new OpenId({ issuer, clientId, clientSecret: configuration.HOLDPOINT_OIDC_CLIENT_SECRET, personClaim, allowInsecure: isDemo && issuer.startsWith('http:') });
  const localUsers = isDemo && HOLDPOINT_DEMO_USERS !== 'off' ? { check: await openLocalUsers(join(HOLDPOINT_STATE, 'inbox', 'local-users.json'), demoUsers), names: demoUsers } : null;
  const gates = temporalGates(client, createDecisionSigner({ privateKeysFile: keyFiles(keysDirectory, 'decisions').privateKeys }));
  const people = briefly(async () => (await readEstate(estateFile)).people, peopleMs);
  const namespace = encodeURIComponent(client.options.namespace);

  return {
    inbox: openId === null && localUsers === null ? undefined : {
      gates,
      people,
      openId,
      localUsers,
      sessions: new SessionStore(join(HOLDPOINT_STATE, 'inbox', 'sessions.sqlite'), sessionLimits),
      // The demo is asked for by whatever name its machine has: localhost as well as 127.0.0.1.
      origin: isDemo && inboxUrl?.startsWith('https:') !== true ? null : inboxUrl,
      anyHost: HOLDPOINT_DEMO_USERS === exposed,
      runUrl: (workflowId, runId) => `${uiUrl}/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}/${runId}/user-metadata`,
    },
    slack: SLACK_SIGNING_SECRET === undefined ? undefined : { signingSecret: SLACK_SIGNING_SECRET, buttonKeys: () => openButtonKeys(join(keysDirectory, buttonKeysFile)), people, gates, inboxUrl },
  };
}

/** Asks again only after a while; a failure is not kept. */
function briefly<T>(read: () => Promise<T>, milliseconds: number): () => Promise<T> {
  let kept: { at: number; value: T } | null = null;
  return async () => {
    if (kept === null || Date.now() - kept.at > milliseconds) kept = { at: Date.now(), value: await read() };
    return kept.value;
  };
}
