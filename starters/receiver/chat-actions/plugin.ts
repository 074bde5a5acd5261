/**
 * Buttons in Slack messages. Slack's signature says who pressed; the button's own token says what it does, and that we made it. Both together are a decision of the level
 * `authenticated`. Messages in Teams have links to the inbox instead, so nothing of theirs arrives here.
 */
import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { ButtonRefused, readButton, type ButtonKey, type ReadButton } from '../../../activities/notifications/button-token.ts';
import type { Person } from '../../../workflows/domain/policy.ts';
import { inboxGateUrl } from '../../../workflows/domain/inbox-address.ts';
import { AnswerRefused, updateIdFrom } from '../../gates/send-answer.ts';
import type { GatePort } from '../inbox/gate-port.ts';
import { standingOf } from '../inbox/standing.ts';
import { beside, inPlace, privately, readInteraction, type Pressed, type SlackAnswer } from './slack-interaction.ts';
import { isFromSlack } from './slack-signature.ts';

export interface SlackOptions {
  signingSecret: string;
  buttonKeys: () => Promise<readonly ButtonKey[]>;
  people: () => Promise<readonly Person[]>;
  gates: Pick<GatePort, 'decide' | 'read' | 'status'>;
  /** The receiver's public address, for the way to the card; null: none is given. */
  inboxUrl: string | null;
  /** Where answers to Slack may go: whatever a payload says, nowhere else. */
  responseOrigin?: string;
  now?: () => Date;
}

/** Slack shows an error after 3 s; what takes longer comes by the response URL. */
const answerWithinMs = 2_500;
const respondMs = 10_000;
const bodyLimit = 256 * 1024;

export async function slackPlugin(app: FastifyInstance, { signingSecret, buttonKeys, people, gates, inboxUrl, responseOrigin = 'https://hooks.slack.com', now = () => new Date() }: SlackOptions): Promise<void> {
  // The signature is over the bytes as they came.
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string', bodyLimit }, (_request, body, done) => done(null, body));

  app.post('/chat/slack', async (request, reply) => {
    const body = typeof request.body === 'string' ? request.body : '';
    const { 'x-slack-request-timestamp': timestamp, 'x-slack-signature': signature } = request.headers;
    if (!isFromSlack(signingSecret, { timestamp: text(timestamp), signature: text(signature), body }, now())) {
      request.log.warn({ from: request.ip }, 'slack: not signed by Slack, or too old');
      return reply.code(401).send({ error: 'the request is not signed by Slack, or too old' });
    }
    let pressed: Pressed | null;
    try {
      pressed = readInteraction(body);
    } catch {
      return reply.code(400).send({ error: 'the request is no interaction' });
    }
    if (pressed === null) return reply.code(200).send();

    const answering = answer(pressed, request.log);
    const inTime = await Promise.race([answering, new Promise<null>((done) => setTimeout(done, answerWithinMs, null).unref())]);
    // Slack takes the body of the answer only for some messages, so the text always goes to the response URL too.
    void answering.then((message) => respond(pressed.responseUrl, message, request.log));
    return reply.code(200).send(inTime ?? privately('Your answer is on its way; the run has not taken it yet.'));
  });

  async function answer({ slackIds, token, blocks, comment }: Pressed, log: FastifyBaseLogger): Promise<SlackAnswer> {
    try {
      const button = await readButton(await buttonKeys(), token, now());
      const ids = slackIds.map((id) => id.toLowerCase());
      const person = (await people()).find(({ aliases }) => aliases.some((alias) => ids.includes(alias.toLowerCase())));
      if (person === undefined) {
        log.warn({ slack: slackIds[0], workflowId: button.workflowId }, 'slack: somebody whom the estate does not know');
        return privately(`Not counted: the estate knows nobody by your Slack id. Ask for the alias ${slackIds[0]} to be added to your name.`);
      }
      return await decide(person.id, button, blocks, comment, log);
    } catch (error) {
      if (!(error instanceof ButtonRefused)) {
        log.error({ err: error }, 'slack: failed');
        return privately('That did not work, and nothing is known of your answer. Look at the card before you repeat it.');
      }
      log.warn({ slack: slackIds[0], reason: error.reason }, 'slack: button refused');
      return privately(error.reason === 'expired' ? 'Not counted: the time for this decision is over.' : 'Not counted: this button is not one of ours.');
    }
  }

  async function decide(by: string, button: ReadButton, blocks: Pressed['blocks'], comment: string | null, log: FastifyBaseLogger): Promise<SlackAnswer> {
    const { id, workflowId, runId, gate, evidence, verdict } = button;
    const told = { workflowId, gate, verdict, person: by };
    const card = inboxUrl === null ? '' : ` ${inboxGateUrl(inboxUrl, workflowId)}`;
    // A button has no room for a reason, and a "no" must not fail for want of one.
    const words = comment ?? (verdict === 'reject' ? 'rejected by the button in Slack, without a reason' : undefined);
    try {
      const sent = { gate, verdict, by, evidence, ...(words !== undefined && { comment: words }) };
      // The same person on the same button is the same update, however often Slack or anybody else sends it.
      const outcome = await gates.decide({ workflowId, runId, by, via: 'slack', answer: sent, updateId: updateIdFrom('slack', id, by) });
      log.info({ ...told, counted: outcome.counted, state: outcome.state }, 'slack: answered');
      const { kind, text: stands } = await standingOf(gates, { workflowId, runId, answer: sent }, outcome);
      const said = `${by}: ${stands}`;
      if (kind === 'void' || kind === 'unknown') return privately(`${said}${card}`);
      return kind === 'counts' ? beside(said) : inPlace(said, blocks);
    } catch (error) {
      if (!(error instanceof AnswerRefused)) throw error;
      log.info({ ...told, refused: error.message }, 'slack: refused by the gate');
      return privately(`Not counted: ${error.message}.${card}`);
    }
  }

  async function respond(url: string | null, message: SlackAnswer, log: FastifyBaseLogger): Promise<void> {
    if (url === null || new URL(url).origin !== responseOrigin) return;
    try {
      const response = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(message), redirect: 'error', signal: AbortSignal.timeout(respondMs) });
      if (!response.ok) log.warn({ status: response.status }, 'slack: did not take the answer to a button');
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.message : String(error) }, 'slack: did not take the answer to a button');
    }
  }
}

function text(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' ? header : undefined;
}
