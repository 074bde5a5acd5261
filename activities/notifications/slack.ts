/** Slack: Block Kit by an incoming webhook, or by chat.postMessage. */
import type { Button, InputBlock, KnownBlock } from '@slack/types';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { ChannelOf } from '../estate/notifications-schema.ts';
import { vendorFailure } from '../http/classify.ts';
import type { RestClient } from '../http/rest-client.ts';
import { facts, plain, sentences, type GateMessage } from './message.ts';
import { escapeMarkup } from '../../workflows/domain/markup.ts';

/** What chat.postMessage says, with status 200, when it is Slack's own trouble. */
const passing = ['ratelimited', 'internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'team_added_to_org'];

/** Slack refuses a button whose value is longer. */
const longestValue = 2_000;

export interface SlackMessage {
  /** Shown by notifications and screen readers. */
  text: string;
  blocks: KnownBlock[];
}

/** Foreign words stand in `plain_text` objects, in which Slack reads no markup, no link and no mention. `mentions`: ids of members and user groups from the estate. */
export function slackMessage(message: GateMessage, mentions: readonly string[], { buttons: hasButtons }: { buttons: boolean } = { buttons: true }): SlackMessage {
  const { event, heading, key, id, link } = message;
  const buttons = hasButtons ? message.buttons : null;
  const words = (text: string) => ({ type: 'plain_text' as const, text, emoji: false });
  const section = (text: string): KnownBlock => ({ type: 'section', text: words(text) });
  const shown = [event.question, ...sentences(event)].map((text) => plain(text, 2_900)).filter((text) => text !== '');
  const mentioned = mentions.slice(0, 20).map((member) => (member.startsWith('S') ? `<!subteam^${member}>` : `<@${member}>`)).join(' ');
  const deadline = event.deadline === null ? [] : [{ type: 'mrkdwn' as const, text: `Until ${localTime(event.deadline)}` }];
  const figures = facts(message).filter(([name]) => name !== 'Until').map(([name, value]) => words(plain(`${name}: ${value}`, 1_900)));
  const actions: Button[] = [];
  const reason: InputBlock[] = [];
  if (buttons && buttons.approve.length <= longestValue && buttons.reject.length <= longestValue) {
    actions.push({ type: 'button', text: words('Approve'), style: 'primary', action_id: 'holdpoint_approve', value: buttons.approve });
    actions.push({ type: 'button', text: words('Reject'), style: 'danger', action_id: 'holdpoint_reject', value: buttons.reject });
    reason.push({ type: 'input', block_id: `holdpoint reason ${key.key}`, optional: true, label: words('Reason (of a rejection) or remark'), element: { type: 'plain_text_input', action_id: 'comment', max_length: 500 } });
  }
  if (link !== null) actions.push({ type: 'button', text: words('Open the card'), action_id: 'holdpoint_open', url: link });
  return {
    text: escapeMarkup(plain(`${heading}: ${event.question}`, 500)),
    blocks: [
      { type: 'header', text: words(plain(heading, 150)) },
      ...shown.map(section),
      { type: 'section', fields: figures },
      ...(mentioned === '' && deadline.length === 0 ? [] : [{ type: 'context' as const, elements: [...(mentioned === '' ? [] : [{ type: 'mrkdwn' as const, text: mentioned }]), ...deadline] }]),
      ...reason,
      ...(actions.length === 0 ? [] : [{ type: 'actions' as const, block_id: `holdpoint ${key.key}`, elements: actions }]),
      // Repetitions of one message are known by it.
      { type: 'context', elements: [words(plain(`${event.workflowId} ${id}`, 300))] },
    ],
  };
}

/** Posts it once. Slack takes no key: a repetition after a lost answer is a second message with the same id. */
export async function postToSlack(rest: RestClient, channel: ChannelOf<'slack'>, secret: string, message: SlackMessage, id: string): Promise<void> {
  const quiet = { unfurl_links: false, unfurl_media: false };
  if (channel.webhook !== undefined) {
    await rest.send({ method: 'POST', url: secret, secretUrl: true, body: { ...message, ...quiet } });
    return;
  }
  const body = { channel: channel.channel, ...message, ...quiet, parse: 'none', link_names: false, metadata: { event_type: 'holdpoint_gate', event_payload: { message_id: id } } };
  const { body: answer } = await rest.send<{ ok?: boolean; error?: string } | null>({ method: 'POST', url: `${channel.api}/chat.postMessage`, headers: { Authorization: `Bearer ${secret}` }, contentType: 'application/json; charset=utf-8', body });
  if (answer?.ok === true) return;
  const error = answer?.error ?? 'no answer that Slack would give';
  throw vendorFailure(passing.includes(error) ? FailureType.Unavailable : FailureType.InvalidRequest, `Slack answered ${plain(error, 80)}`, { status: 200, code: plain(error, 80) });
}

/** Slack shows an instant in the time zone of whoever reads it. */
function localTime(instant: string): string {
  return `<!date^${Math.floor(Date.parse(instant) / 1000)}^{date_short_pretty} {time}|${instant.slice(0, 16).replace('T', ' ')} UTC>`;
}
