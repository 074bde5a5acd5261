/** A real SMTP server for tests: keeps what it takes, and refuses by order. */
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { text } from 'node:stream/consumers';

export interface MailServer {
  port: number;
  /** Raw messages, as they came. */
  mails: { to: string[]; raw: string; user: string | undefined }[];
  /** The next so many messages are answered with this code. */
  refuse(code: number, times: number): void;
  close(): Promise<void>;
}

export async function startMailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: MailServer['mails'] = [];
  let refusal = { code: 0, times: 0 };
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: options.authMethods ? [] : ['STARTTLS', 'AUTH'],
    onData(stream, session, callback) {
      text(stream).then((raw) => {
        if (refusal.times > 0) {
          refusal.times -= 1;
          return callback(Object.assign(new Error('refused by order'), { responseCode: refusal.code }));
        }
        mails.push({ to: session.envelope.rcptTo.map(({ address }) => address), raw, user: session.user as string | undefined });
        callback();
      }, callback);
    },
    ...options,
  });
  server.on('error', () => undefined); // a client that hangs up
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    port: address.port,
    mails,
    refuse: (code, times) => {
      refusal = { code, times };
    },
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** Unfolded headers by lower-case name, and the rest. */
export function headersOf(raw: string): Record<string, string> {
  const [head = ''] = raw.split('\r\n\r\n');
  return Object.fromEntries(head.replace(/\r\n[ \t]+/g, ' ').split('\r\n').map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
}
