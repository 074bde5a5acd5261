/** The workflow's own time. The SDK replaces `Date` by one that advances with the history, so that a replay reads the same instants. */
export function now(): Date {
  // eslint-disable-next-line no-restricted-syntax -- the one place where workflow code reads the time
  return new Date();
}
