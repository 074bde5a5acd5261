/** The faults of a story, as the stand-in is told of them, and as the timeline tells of them. */
import type { StandInControl } from '../../test/support/stand-in-control.ts';
import { platforms, type StoryFault } from './story.ts';
import type { Entry } from './timeline.ts';

export function faultOrder({ platform, path, method, answers, retryAfter, from, until, for: forMs, calls, skip }: StoryFault, startMs: number): Parameters<StandInControl['fault']> {
  const instant = (sinceStartMs: number): string => new Date(startMs + sinceStartMs).toISOString();
  return [
    {
      path: path ?? platforms[platform!], times: calls ?? 1_000_000,
      ...(method !== undefined && { method }), ...(skip !== undefined && { skip }), ...(from !== undefined && { from: instant(from) }), ...(until !== undefined && { until: instant(until) }), ...(forMs !== undefined && { forMs }),
    },
    answers === undefined ? { kind: 'cutAfterAccept' } : { kind: 'status', status: answers, ...(retryAfter !== undefined && { retryAfterS: Math.round(retryAfter / 1000) }) },
  ];
}

export async function faultEntries(standIn: StandInControl, faults: readonly StoryFault[], startMs: number, run: string, lengthMs: number): Promise<Entry[]> {
  const kept = await standIn.faults();
  return faults.map((fault, index): Entry => {
    const { platform, path, method, answers, from, until, for: length } = fault;
    const { hits = 0, firstHitMs } = kept[index] ?? {};
    const name = `${method === undefined ? '' : `${method} of `}${platform ?? path}`;
    const what = `${name} ${answers === undefined ? 'does what is asked and never answers' : `answers ${answers}`}`;
    const firstMs = firstHitMs === undefined ? undefined : firstHitMs - startMs;
    const atMs = from ?? firstMs ?? 0;
    const ends = [until, length === undefined || firstMs === undefined ? undefined : firstMs + length].filter((end) => end !== undefined);
    return { atMs, kind: 'fault', text: `${what}: ${hits === 0 ? 'nobody asked' : hits === 1 ? 'once' : `${hits} times`}`, label: what, run, ...(ends.length > 0 && { untilMs: Math.min(lengthMs, ...ends) }) };
  });
}
