/** Which channels an event goes to. */
import type { GateEvent } from '../../workflows/domain/gate-event.ts';
import type { Notifications } from '../estate/notifications-schema.ts';

/** What wakes somebody, unless a route says otherwise. */
const paging: readonly GateEvent['kind'][] = ['escalated', 'held', 'finding', 'incident'];
/** A pager that was called must be told that somebody has answered, and that it is over, whatever its routes say. To PagerDuty these change nothing where there was no page. */
const following: readonly GateEvent['kind'][] = ['answered', 'decided', 'incidentTaken', 'incidentClosed'];

/** Names of channels, each once, in the order of the estate. */
export function channelsFor({ channels, routes }: Pick<Notifications, 'channels' | 'routes'>, { kind, severity }: Pick<GateEvent, 'kind' | 'severity'>): string[] {
  const wanted = new Set<string>();
  for (const route of routes) {
    if (route.severities && !route.severities.includes(severity)) continue;
    for (const name of route.channels) {
      const isPager = channels[name]!.kind === 'pagerDuty';
      const takes = isPager ? following.includes(kind) || (route.events ?? paging).includes(kind) : (route.events?.includes(kind) ?? true);
      if (takes) wanted.add(name);
    }
  }
  return Object.keys(channels).filter((name) => wanted.has(name));
}
