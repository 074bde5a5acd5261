import { pino, type DestinationStream, type Logger } from 'pino';

/** One JSON line per event, with ids. Of an error only what it says: errors of HTTP clients carry requests, and those carry credentials. */
export function createReceiverLogger(level: string, destination: DestinationStream = pino.destination()): Logger {
  const options = { name: 'holdpoint-receiver', level, redact: ['req.headers.authorization', 'headers.authorization', 'authorization'], serializers: { err: describe } };
  return pino(options, destination);
}

function describe(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) };
  const { name, message, stack, cause } = error;
  return { name, message, stack, ...(cause instanceof Error && { cause: `${cause.name}: ${cause.message}` }) };
}
