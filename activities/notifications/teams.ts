/** Microsoft Teams: an Adaptive Card through the webhook of a workflow (Power Automate, "when a Teams webhook request is received"). */
import type { RestClient } from '../http/rest-client.ts';
import { facts, plain, sentences, type GateMessage } from './message.ts';

export interface TeamsMessage {
  type: 'message';
  attachments: { contentType: 'application/vnd.microsoft.card.adaptive'; contentUrl: null; content: object }[];
}

/** Everything stands in text runs, which, other than text blocks and facts, are no markdown: nothing foreign becomes a link or a heading. */
export function teamsMessage(message: GateMessage): TeamsMessage {
  const { event, heading, id, link } = message;
  const line = (text: string, look: object = {}): object => ({ type: 'RichTextBlock', inlines: [{ type: 'TextRun', text, ...look }] });
  const fact = ([name, value]: [string, string]): object => ({ type: 'RichTextBlock', spacing: 'None', inlines: [{ type: 'TextRun', text: `${name}: `, weight: 'Bolder' }, { type: 'TextRun', text: plain(value, 300) }] });
  const texts = sentences(event).map((text) => plain(text, 3_000)).filter((text) => text !== '');
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.5',
    fallbackText: plain(`${heading}: ${event.question}`, 500),
    msteams: { width: 'Full' },
    body: [
      line(heading, { weight: 'Bolder', size: 'Medium' }),
      line(plain(event.question, 1_000), { weight: 'Bolder' }),
      ...texts.map((text) => line(text)),
      { type: 'Container', items: facts(message).map(([name, value]) => fact([plain(name, 60), value])) },
      line(plain(`${event.workflowId} ${id}`, 300), { isSubtle: true, size: 'Small' }),
    ],
    actions: link === null ? [] : [{ type: 'Action.OpenUrl', title: event.kind === 'decided' ? 'Open the run' : 'Decide', url: link }],
  };
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', contentUrl: null, content }] };
}

/** Posts it once; 202 says that the workflow has it. A repetition after a lost answer is a second card with the same id. */
export async function postToTeams(rest: RestClient, webhook: string, message: TeamsMessage): Promise<void> {
  await rest.send({ method: 'POST', url: webhook, secretUrl: true, body: message });
}
