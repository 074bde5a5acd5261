/** What Slack sends when somebody presses a button of a message, and what it takes as the answer. */
import { z } from 'zod';
import { escapeMarkup } from '../../../workflows/domain/markup.ts';

const block = z.looseObject({ type: z.string() });

const interaction = z.object({
  type: z.string(),
  user: z.object({ id: z.string().min(1).max(50), team_id: z.string().max(50).optional() }),
  team: z.object({ id: z.string().max(50) }).nullish(),
  actions: z.array(z.object({ type: z.string(), value: z.string().max(2_000).optional() })).default([]),
  response_url: z.url().optional(),
  message: z.object({ blocks: z.array(block).default([]) }).optional(),
  /** Typed into the message's own fields: `{block: {action: {type, value}}}`. */
  state: z.object({ values: z.record(z.string(), z.record(z.string(), z.object({ value: z.string().nullish() }))) }).nullish(),
});

export interface Pressed {
  /** Under which the estate may know the person. Ids only: names in Slack are whatever their owner likes. */
  slackIds: string[];
  /** The button's value. */
  token: string;
  responseUrl: string | null;
  blocks: { type: string }[];
  /** What the person typed, if the message has a field. */
  comment: string | null;
}

/** A message to put in place of the one with the buttons, or beside it. */
export interface SlackAnswer {
  replace_original: boolean;
  response_type?: 'ephemeral' | 'in_channel';
  text: string;
  blocks?: object[];
}

/** Reads the form that Slack posts; null for what asks nothing of us, such as the press of a link. Throws a ZodError or SyntaxError for what is no interaction. */
export function readInteraction(body: string): Pressed | null {
  const { type, user, team, actions, response_url, message, state } = interaction.parse(JSON.parse(new URLSearchParams(body).get('payload') ?? 'null'));
  const token = actions.find((action) => action.type === 'button' && action.value !== undefined)?.value;
  if (type !== 'block_actions' || token === undefined) return null;
  const teamId = user.team_id ?? team?.id;
  const typed = Object.values(state?.values ?? {}).flatMap((fields) => Object.values(fields)).map(({ value }) => value?.trim()).find(Boolean);
  return { slackIds: [user.id, ...(teamId === undefined ? [] : [`${teamId}/${user.id}`])], token, responseUrl: response_url ?? null, blocks: message?.blocks ?? [], comment: typed ?? null };
}

/** Only whoever pressed the button sees it. */
export function privately(text: string): SlackAnswer {
  return { replace_original: false, response_type: 'ephemeral', text: escaped(text) };
}

/** The gate is still open for others: the message keeps its buttons. */
export function beside(text: string): SlackAnswer {
  return { replace_original: false, response_type: 'in_channel', text: escaped(text) };
}

/** Nothing is left to decide: the message loses its buttons and says what became of it. */
export function inPlace(text: string, blocks: readonly { type: string }[]): SlackAnswer {
  const kept = blocks.filter(({ type }) => type !== 'actions' && type !== 'input');
  return { replace_original: true, text: escaped(text), blocks: [...kept, { type: 'context', elements: [{ type: 'mrkdwn', text: escaped(text) }] }].slice(-50) };
}

/** The three characters that mean something in Slack's text; the rest is as it is. */
function escaped(text: string): string {
  return escapeMarkup(text).slice(0, 2_900);
}
