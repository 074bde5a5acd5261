/**
 * The estate's section `notifications`: channels, which events go where, and under which addresses the channels know people. Without it, messages go to `CHAT_WEBHOOK_URL` alone.
 *
 * Secrets (webhook addresses, tokens, routing keys, the SMTP server with its password) are named here, never written: each is the name of an environment variable of the worker.
 */
import { z } from 'zod';
import { severities } from '../../workflows/domain/vocabulary.ts';
import type { Complain } from './complaints.ts';

const text = z.string().min(1);

/** Other secrets of the worker must not leave it because a line of the estate names them. */
export const secretName = z
  .string('must be the name of an environment variable, such as SLACK_WEBHOOK_URL')
  .regex(/^[A-Z][A-Z0-9_]*$/, 'must be the name of an environment variable, such as SLACK_WEBHOOK_URL, never the secret itself')
  .refine((name) => !/^(AZURE|HOLDPOINT|TEMPORAL|AWS|NODE)_/.test(name), 'names a variable that belongs to the platforms; a channel needs one of its own');

export const httpsUrl = z.url({ protocol: /^https$/, error: 'must be an https address' }).transform((address) => address.replace(/\/+$/, ''));

const slack = z
  .strictObject({ kind: z.literal('slack'), webhook: secretName.optional(), token: secretName.optional(), channel: text.optional(), buttons: z.boolean().default(true), api: httpsUrl.default('https://slack.com/api') })
  .refine(({ webhook, token, channel }) => (webhook === undefined ? token !== undefined && channel !== undefined : token === undefined && channel === undefined), 'needs either "webhook", or "token" and "channel"');
const teams = z.strictObject({ kind: z.literal('teams'), webhook: secretName });
const mail = z.strictObject({ kind: z.literal('mail'), smtp: secretName, from: text, to: z.array(z.email()).default([]) });
const pagerDuty = z.strictObject({ kind: z.literal('pagerDuty'), routingKey: secretName, events: httpsUrl.default('https://events.pagerduty.com/v2/enqueue') });

const channel = z.discriminatedUnion('kind', [slack, teams, mail, pagerDuty], 'must have a kind: slack, teams, mail or pagerDuty');

export const notifiedEvents = ['opened', 'answered', 'reminded', 'escalated', 'widened', 'reopened', 'held', 'decided', 'finding'] as const;

const route = z.strictObject({
  /** All when left out; a pager then takes what pages, see `routes.ts`. */
  events: z.array(z.enum(notifiedEvents)).min(1).optional(),
  /** All when left out. */
  severities: z.array(z.enum(severities)).min(1).optional(),
  channels: z.array(text).min(1),
});

const address = z.strictObject({ mail: z.email().optional(), slack: z.string().regex(/^[UWS][A-Z0-9]{2,}$/, 'must be the id of a Slack member or user group, such as U012AB3CD').optional() });

const channelName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,39}$/, 'must be letters, digits and "-", at most 40');

export const notificationsSchema = z
  .strictObject({
    channels: z.record(channelName, channel),
    routes: z.array(route).min(1),
    /** By canonical id of a person, or name of a group or contact. Aliases that are such addresses need not be repeated here. */
    addresses: z.record(text, address).default({}),
  })
  .superRefine(({ channels, routes }, context) => {
    routes.forEach((each, index) => {
      each.channels.forEach((name, position) => {
        if (!Object.hasOwn(channels, name)) context.addIssue({ code: 'custom', path: ['routes', index, 'channels', position], message: `there is no channel "${name}"; known are ${Object.keys(channels).join(', ')}` });
      });
    });
  });

export type Notifications = z.infer<typeof notificationsSchema>;
export type Channel = z.infer<typeof channel>;
export type ChannelOf<K extends Channel['kind']> = Extract<Channel, { kind: K }>;
export type Addresses = Notifications['addresses'];

/** An address of nobody would never be used, and nobody would notice. */
export function checkAddresses({ people, groups, escalation, notifications }: { people: { id: string }[]; groups: object; escalation: object; notifications?: Notifications | undefined }, complain: Complain): void {
  for (const name of Object.keys(notifications?.addresses ?? {})) {
    if (people.some(({ id }) => id === name) || Object.hasOwn(groups, name) || Object.hasOwn(escalation, name)) continue;
    complain(['notifications', 'addresses', name], 'is nobody in people, no group and no contact of the escalation path');
  }
}

/** The environment variables that the channels need. */
export function secretNames({ channels }: Pick<Notifications, 'channels'>): string[] {
  const names = Object.values(channels).flatMap((each) => {
    if (each.kind === 'slack') return [each.webhook ?? each.token!];
    if (each.kind === 'mail') return [each.smtp];
    return [each.kind === 'teams' ? each.webhook : each.routingKey];
  });
  return [...new Set(names)];
}
