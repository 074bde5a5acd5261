/** PagerDuty, Events API v2: pages on escalation, acknowledges when a decision comes in, resolves when the gate closes. */
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import type { Severity } from '../../workflows/domain/vocabulary.ts';
import type { RestClient } from '../http/rest-client.ts';
import { facts, plain, sentences, type GateMessage } from './message.ts';

const severity: Record<Severity, string> = { P0: 'critical', P1: 'error', P2: 'warning', P3: 'info' };

export type PagerEvent = { event_action: 'acknowledge' | 'resolve'; dedup_key: string } | { event_action: 'trigger'; dedup_key: string; payload: object; client: string; client_url?: string; links: object[] };

/**
 * What is sent for an event. The key is one for each gate of a run, so that a repeated trigger joins the page that there is and changes nothing else; a finding has its own, for
 * no gate's end resolves it.
 */
export function pagerEvent(message: GateMessage): PagerEvent {
  const { event, heading, thread, key, link, id, subject } = message;
  const dedup_key = event.kind === 'finding' ? `holdpoint-finding-${key.key}` : `holdpoint-gate-${thread}`;
  const action = actionOf(event.kind);
  if (action !== 'trigger') return { event_action: action, dedup_key };
  return {
    event_action: 'trigger',
    dedup_key,
    client: 'Holdpoint',
    ...(link !== null && { client_url: link }),
    links: link === null ? [] : [{ href: link, text: 'The card' }],
    payload: {
      summary: plain(`${heading}: ${event.question}`, 1_024),
      source: plain(event.workflowId, 255),
      severity: severity[event.severity],
      component: plain(subject, 255),
      group: plain(event.target?.plant ?? event.runbook, 255),
      class: `gate ${event.kind}`,
      custom_details: { ...Object.fromEntries(facts(message).map(([name, value]) => [plain(name, 60), plain(value, 300)])), Text: plain(sentences(event).join(' '), 2_000), For: plain(event.to.join(', '), 500), Run: plain(event.workflowId, 255), Message: id },
    },
  };
}

function actionOf(kind: GateEvent['kind']): PagerEvent['event_action'] {
  if (kind === 'decided' || kind === 'incidentClosed') return 'resolve';
  return kind === 'answered' || kind === 'incidentTaken' ? 'acknowledge' : 'trigger';
}

/** Sends it; PagerDuty itself joins repetitions by the key. */
export async function sendToPagerDuty(rest: RestClient, url: string, routingKey: string, event: PagerEvent): Promise<void> {
  await rest.send({ method: 'POST', url, body: { routing_key: routingKey, ...event } });
}
