/** Mail over SMTP: text and simple HTML, one conversation for each gate. */
import { createTransport, type SendMailOptions } from 'nodemailer';
import { FailureType } from '../../workflows/domain/failures.ts';
import { vendorFailure } from '../http/classify.ts';
import { tlsSettings, type TransportSettings } from '../http/transport.ts';
import { facts, plain, sentences, type GateMessage } from './message.ts';
import { escapeMarkup } from '../../workflows/domain/markup.ts';

export interface Mail {
  from: string;
  to: string[];
  messageId: string;
  subject: string;
  text: string;
  html: string;
  /** Message ids that the mail follows. */
  references: string[];
}

export interface MailClient {
  /**
   * Hands a mail to the server of `smtpUrl`, and answers how many recipients were refused while others were not.
   *
   * @throws classified: Unavailable (away, 4xx), InvalidRequest (5xx, or a sign-in refused); never with the address of the server
   */
  send(smtpUrl: string, mail: Mail): Promise<{ refused: number }>;
}

/** Every mail of a gate has the same subject and follows the same first id, which is what mail programs build conversations from. */
export function gateMail(message: GateMessage, { from, to }: Pick<Mail, 'from' | 'to'>): Mail {
  const { event, heading, id, link, thread } = message;
  const paragraphs = [heading, event.question, ...sentences(event)].map((text) => plain(text, 3_000)).filter((text) => text !== '');
  const lines = facts(message).map(([name, value]) => [plain(name, 60), plain(value, 300)] as const);
  const [first = '', ...rest] = paragraphs;
  return {
    from,
    to,
    messageId: id,
    subject: plain(`[holdpoint ${event.severity}] ${event.question}`, 200),
    references: [`<gate-${thread}@holdpoint>`],
    text: [...paragraphs, lines.map(([name, value]) => `${name}: ${value}`).join('\n'), ...(link === null ? [] : [`${event.kind === 'decided' ? 'The run' : 'Decide'}: ${link}`]), `Run ${plain(event.workflowId, 300)}`].join('\n\n'),
    html: [
      `<p><strong>${html(first)}</strong></p>`,
      ...rest.map((text) => `<p>${html(text)}</p>`),
      `<table>${lines.map(([name, value]) => `<tr><th align="left">${html(name)}</th><td>${html(value)}</td></tr>`).join('')}</table>`,
      ...(link === null ? [] : [`<p><a href="${html(link)}">${event.kind === 'decided' ? 'Open the run' : 'Decide'}</a></p>`]),
      `<p><small>Run ${html(plain(event.workflowId, 300))}</small></p>`,
    ].join('\n'),
  };
}

/** Milliseconds for each step of the conversation with the server. */
const stepMs = 8_000;

/** The real client. A connection for each mail: they are few, and a pool would hold servers that the estate no longer names. */
export function createMailClient(settings: Pick<TransportSettings, 'caFile' | 'requestTimeoutMs'>): MailClient {
  const tls = tlsSettings(settings);
  const limit = Math.min(stepMs, settings.requestTimeoutMs);
  return {
    async send(smtpUrl, { references, ...mail }) {
      const server = new URL(smtpUrl);
      const options = {
        host: server.hostname,
        port: server.port === '' ? (server.protocol === 'smtps:' ? 465 : 587) : Number(server.port),
        secure: server.protocol === 'smtps:',
        // A password never travels in the clear, whatever the server offers.
        requireTLS: server.protocol === 'smtp:' && server.username !== '',
        ...(server.username !== '' && { auth: { user: decodeURIComponent(server.username), pass: decodeURIComponent(server.password) } }),
        ...(tls && { tls }),
        connectionTimeout: limit,
        greetingTimeout: limit,
        socketTimeout: limit,
        disableFileAccess: true,
        disableUrlAccess: true,
      };
      const outgoing: SendMailOptions = { ...mail, references, inReplyTo: references.at(-1), headers: { 'Auto-Submitted': 'auto-generated' } };
      const transport = createTransport(options);
      try {
        const { rejected } = (await transport.sendMail(outgoing)) as { rejected?: unknown[] };
        return { refused: rejected?.length ?? 0 };
      } catch (error) {
        throw classified(error);
      } finally {
        transport.close();
      }
    },
  };
}

/** Only codes: what the server said may name it, or whom it did not know. */
function classified(error: unknown): Error {
  const { code, responseCode } = error as { code?: string; responseCode?: number };
  const said = [code, responseCode].filter((part) => part !== undefined).join(' ') || 'no answer';
  // ETLS: the server offers no encryption, or not as demanded; EENVELOPE without a code: no address that it would take.
  const refused = responseCode === undefined ? code === 'ETLS' || code === 'EENVELOPE' : responseCode >= 500;
  return vendorFailure(refused ? FailureType.InvalidRequest : FailureType.Unavailable, `the mail server: ${said}`, { status: responseCode ?? null, code: code ?? null, message: said });
}

function html(text: string): string {
  return escapeMarkup(text).replaceAll('"', '&quot;').replaceAll("'", '&#39;');
}
