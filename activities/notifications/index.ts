/** Activities that tell people: chat messages, at least once. */
import { messageId, type StepKey } from '../../workflows/domain/keys.ts';
import type { RestClient } from '../http/rest-client.ts';

export interface PostMessageInput {
  key: StepKey;
  text: string;
  /** Appended to the text. */
  link?: string;
}

export interface NotificationClients {
  /** Where messages go, a secret; null: nowhere, and each message says that it was not posted. */
  webhookUrl: string | null;
  rest: RestClient;
}

export const createNotificationActivities = ({ webhookUrl, rest }: NotificationClients) => ({
  /**
   * Posts a message to the chat's incoming webhook.
   *
   * Safe to retry because nothing depends on it: a chat has no key, so a message may come twice, with the same `message_id`.
   */
  postMessage: async ({ key, text, link }: PostMessageInput): Promise<{ posted: boolean }> => {
    if (webhookUrl === null) return { posted: false };
    await rest.send({ method: 'POST', url: webhookUrl, secretUrl: true, body: { text: link === undefined ? text : `${text}\n${link}`, message_id: messageId(key) } });
    return { posted: true };
  },
});
