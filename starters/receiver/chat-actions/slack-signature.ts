/** Slack's proof that a request is Slack's: an HMAC over the raw body and the time, with the app's signing secret (version v0). */
import { createHmac, timingSafeEqual } from 'node:crypto';

/** Older requests are refused, so that one that was overheard cannot be sent again later; Slack's own advice. */
const oldestMs = 5 * 60_000;

export interface SlackRequest {
  /** Header X-Slack-Request-Timestamp: seconds. */
  timestamp: string | undefined;
  /** Header X-Slack-Signature. */
  signature: string | undefined;
  /** Exactly as it arrived. */
  body: string;
}

export function slackSignature(secret: string, timestamp: string, body: string): string {
  return `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body}`).digest('hex')}`;
}

/** Whether Slack sent this, within the last five minutes. */
export function isFromSlack(secret: string, { timestamp, signature, body }: SlackRequest, now: Date): boolean {
  if (timestamp === undefined || signature === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(now.getTime() - Number(timestamp) * 1000) > oldestMs) return false;
  const [given, expected] = [Buffer.from(signature), Buffer.from(slackSignature(secret, timestamp, body))];
  return given.length === expected.length && timingSafeEqual(given, expected);
}
