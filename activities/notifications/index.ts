/** Activities that tell people of gates: over every channel that the estate names for an event, each at least once. */
import { activityInfo, log } from '@temporalio/activity';
import type { Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import { inboxGateUrl } from '../../workflows/domain/inbox-address.ts';
import { messageId, type StepKey } from '../../workflows/domain/keys.ts';
import { readEstate } from '../estate/estate-file.ts';
import type { Estate } from '../estate/schema.ts';
import { recordProgress, lastProgress } from '../heartbeat.ts';
import { isFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { refusalOf, untold, Unusable, waiting } from './channel-failures.ts';
import { gateButtons } from './gate-buttons.ts';
import { gateMail, type MailClient } from './mail.ts';
import { gateMessage, type GateMessage } from './message.ts';
import { pagerEvent, sendToPagerDuty } from './pager-duty.ts';
import { page } from './pager-order.ts';
import { addressesOf } from './recipients.ts';
import { channelsFor } from './routes.ts';
import { postToSlack, slackMessage } from './slack.ts';
import { postToTeams, teamsMessage } from './teams.ts';

export interface NotifyInput {
  key: StepKey;
  event: GateEvent;
}

/** `delivered`: names of channels. `failed`: the name and why, of channels that refused for good; nothing repeats those. */
export interface Notified {
  delivered: string[];
  failed: string[];
}

export interface NotificationDependencies {
  estateFile: string;
  /** Where messages go when the estate has no section `notifications`; a secret. Null: nowhere. */
  webhookUrl: string | null;
  /** What the names of environment variables in the estate stand for. */
  secrets: Readonly<Record<string, string>>;
  /** Where the approval inbox is in this deployment; beats the estate's `inbox`. Without either, messages have no link. */
  inboxUrl: string | null;
  /** Keys that sign the buttons; null: messages have none. */
  buttonKeysFile: string | null;
  /** Asks runs whether their gate is still open, for pages; null: they are not asked. */
  client: Client | null;
  rest: RestClient;
  mail: MailClient;
}

/** What is kept between attempts: names, reasons and instants, no secret. */
interface Progress extends Notified {
  /** Pagers that were called, without it being known since whether the gate is still open. */
  paged: string[];
  /** Channels that asked for patience, with milliseconds since the epoch. */
  notBefore: Record<string, number>;
}

/** What the attempts of one activity know of pagers, by the channel's name. */
interface Paging {
  attempt: number;
  hasPaged: (name: string) => boolean;
  paged: (name: string) => void;
}

/** Sends to one channel; answers a remark where it was not delivered to all. */
type Send = () => Promise<string | void>;

/** A wrong estate is repaired by a person: looked at again this seldom, in milliseconds. */
const estateRetryMs = 30_000;

export const createNotificationActivities = (dependencies: NotificationDependencies) => ({
  /**
   * Tells people of an event over all channels that the estate names for it, all at the same time. A channel that is away is tried again without repeating the others.
   *
   * Safe to retry because what was told is kept in the heartbeat's details, and a repetition after a lost answer carries the same id: `message_id`, Message-ID, a line in the
   * message, and PagerDuty's dedup_key, by which PagerDuty joins the two. Chat and mail have no key, so there a message may come twice.
   *
   * @throws Throttled, Unavailable (retried, with the channels' Retry-After) while a channel is away; EstateInvalid (retried, for a person repairs it)
   */
  notify: async ({ key, event }: NotifyInput): Promise<Notified> => {
    const progress: Progress = { delivered: [], failed: [], paged: [], notBefore: {}, ...structuredClone(lastProgress<Progress>()) };
    const isSettled = (name: string): boolean => [...progress.delivered, ...progress.failed.map((line) => line.split(':')[0])].includes(name);
    const pending = new Map<string, ApplicationFailure>();
    const now = Date.now(); // paces the vendors' Retry-After; nothing is decided by it

    const tell = async ([name, send]: [string, Send]): Promise<void> => {
      if (isSettled(name)) return;
      if ((progress.notBefore[name] ?? 0) > now) return void pending.set(name, waiting(progress.notBefore[name]! - now));
      try {
        const remark = await send();
        progress.delivered.push(name);
        if (typeof remark === 'string') log.warn(`notification channel ${name}: ${remark}`);
      } catch (error) {
        const refusal = refusalOf(error);
        if (refusal === null) {
          const failure = error as ApplicationFailure;
          if (failure.nextRetryDelay !== undefined && failure.nextRetryDelay !== null) progress.notBefore[name] = Date.now() + Number(failure.nextRetryDelay);
          pending.set(name, failure);
          return recordProgress(progress);
        }
        log.warn(`notification channel ${name} refused a message: ${refusal}`);
        progress.failed.push(`${name}: ${refusal}`);
      }
      recordProgress(progress);
    };

    const paging: Paging = { attempt: activityInfo().attempt, hasPaged: (name) => progress.paged.includes(name), paged: (name) => (progress.paged.push(name), recordProgress(progress)) };
    await Promise.all((await sends(dependencies, key, event, paging)).map(tell));
    if (pending.size > 0) throw untold(pending, progress.delivered);
    return { delivered: progress.delivered, failed: progress.failed };
  },
});

/** One function for each channel that the event goes to. */
async function sends(dependencies: NotificationDependencies, key: StepKey, event: GateEvent, paging: Paging): Promise<[string, Send][]> {
  const { webhookUrl, rest, buttonKeysFile } = dependencies;
  const estate = await estateOrLater(dependencies.estateFile);
  const { notifications } = estate;
  if (!notifications) {
    if (webhookUrl === null) return [];
    return [['chat', async () => void (await rest.send({ method: 'POST', url: webhookUrl, secretUrl: true, body: { text: event.text, message_id: messageId(key) } }))]];
  }
  const names = channelsFor(notifications, event);
  const hasButtons = buttonKeysFile !== null && names.some((name) => notifications.channels[name]!.kind === 'slack');
  const inbox = dependencies.inboxUrl ?? estate.inbox;
  const message = gateMessage(key, event, { link: inbox === undefined ? null : inboxGateUrl(inbox, event.workflowId), buttons: hasButtons ? await buttonsOrNone(buttonKeysFile, event) : null });
  return names.map((name) => [name, sendTo(name, message, estate as Told, dependencies, paging)]);
}

/** Keys that cannot be read keep nobody from being told: the link leads to the same decision. */
async function buttonsOrNone(keysFile: string, event: GateEvent): Promise<GateMessage['buttons']> {
  try {
    return await gateButtons(keysFile, event);
  } catch (error) {
    log.warn(`chat messages go out without buttons: their keys cannot be read (${error instanceof Error && 'code' in error ? String(error.code) : 'malformed'})`);
    return null;
  }
}

type Told = Estate & { notifications: NonNullable<Estate['notifications']> };

function sendTo(name: string, message: GateMessage, estate: Told, { rest, mail, secrets, client }: NotificationDependencies, paging: Paging): Send {
  const { channels, addresses } = estate.notifications;
  const channel = channels[name]!;
  const secret = (variable: string): string => {
    const value = Object.hasOwn(secrets, variable) ? secrets[variable] : undefined;
    if (value === undefined) throw new Unusable(`${variable} is not set in the environment of the worker; set it and start the worker again`);
    return value;
  };
  const directory = { ...estate, addresses };
  return async () => {
    switch (channel.kind) {
      case 'slack':
        return await postToSlack(rest, channel, secret(channel.webhook ?? channel.token!), slackMessage(message, addressesOf(message.event.to, 'slack', directory), channel), message.id);
      case 'teams':
        return await postToTeams(rest, secret(channel.webhook), teamsMessage(message));
      case 'pagerDuty':
        return await page(pagerEvent(message), message.event, (event) => sendToPagerDuty(rest, channel.events, secret(channel.routingKey), event), client, { attempt: paging.attempt, hasPaged: paging.hasPaged(name), paged: () => paging.paged(name) });
      case 'mail': {
        const to = [...new Set([...channel.to, ...addressesOf(message.event.to, 'mail', directory)])];
        if (to.length === 0) throw new Unusable('nobody whom it is for has a mail address in the estate');
        const { refused } = await mail.send(secret(channel.smtp), gateMail(message, { from: channel.from, to }));
        return refused === 0 ? undefined : `${refused} of ${to.length} addresses were refused`;
      }
    }
  };
}

async function estateOrLater(file: string): Promise<Estate> {
  try {
    return await readEstate(file);
  } catch (error) {
    if (!isFailure(error, FailureType.EstateInvalid)) throw error;
    throw ApplicationFailure.create({ type: FailureType.EstateInvalid, message: error.message, nextRetryDelay: estateRetryMs });
  }
}
