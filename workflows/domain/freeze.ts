/** Freeze windows: times in which nothing that the estate names may be changed. A rollback is never held by one, and neither is what repairs production. Pure. */
import { clip } from './answer.ts';
import type { GateCard } from './card.ts';
import type { Target } from './vocabulary.ts';

export const freezeEnvironments = ['production', 'development'] as const;
export type FreezeEnvironment = (typeof freezeEnvironments)[number];

/** What a freeze may hold, and where it takes place. There is no entry for a rollback: nothing that the estate says can hold one. */
export const freezeActions = { release: ['production'], environmentUpdate: ['production'], configurationChange: ['development'], pipelineStage: ['production', 'development'] } as const satisfies Record<string, readonly FreezeEnvironment[]>;
export type FreezeAction = keyof typeof freezeActions;

/** The gate at which those who may override a freeze decide. */
export const freezeGateName = 'freeze';

/** What is about to be done, to which circuits; a freeze of one of them holds the whole. What is done to none of them, such as a pipeline's stage, is held by freezes that name no targets. */
export interface FreezeQuestion {
  targets: Target[];
  action: FreezeAction;
  /** Where it takes place, of an action that may do so in several. */
  environment?: FreezeEnvironment;
}

export interface FreezeInForce {
  name: string;
  reason: string;
  /** ISO instant at which this freeze by itself ends; null: not within a year. */
  until: string | null;
}

/** What the estate says about an action at an instant. Where no freeze could ever hold it, nothing is answered instead. */
export interface FreezeStanding {
  /** Those that hold it now, in the estate's order; empty: it may go on. */
  inForce: FreezeInForce[];
  /** ISO instant of the next opening, when all of them have ended and no other has begun; null: it is open, or does not open within a year. */
  opensAt: string | null;
  /** ISO instant at which a freeze begins that does not hold it now; null: none will. */
  closesAt: string | null;
  /** Canonical ids of those whom each freeze in force lets override it. */
  mayOverride: string[];
  /** Of what the estate declares, whatever the time: tells when the estate has changed. */
  digest: string;
}

/** Declared times of one freeze, for readers. */
export interface FreezeWindow {
  name: string;
  /** ISO instants. */
  from: string;
  until: string;
}

/** A wish to go on in spite of a freeze: who asks, and why. It lets nothing pass by itself: a gate asks those who may. */
export interface OverrideRequest {
  by: string;
  reason: string;
}

/** The standing for as long as the estate cannot be read: held, for nobody knows better. */
export function unreadable(problem: string): FreezeStanding {
  return { inForce: [{ name: 'the estate cannot be read', reason: problem, until: null }], opensAt: null, closesAt: null, mayOverride: [], digest: 'unreadable' };
}

/** Those in force that nobody has overridden. `overridden`: ends of overridden windows, by the freeze's name: the same freeze holds again in its next window, or when its end is moved beyond that. */
export function holding(standing: FreezeStanding | null, overridden: ReadonlyMap<string, FreezeInForce['until']>): FreezeInForce[] {
  return (standing?.inForce ?? []).filter(({ name, until }) => {
    const known = overridden.get(name);
    return known === undefined || goesBeyond(until, known);
  });
}

/** An end that nobody knows is beyond any other, and a known one is another than the unknown. */
function goesBeyond(until: FreezeInForce['until'], known: FreezeInForce['until']): boolean {
  return until !== known && (until === null || known === null || until > known);
}

/** Reads a wish from any JSON. */
export function readOverrideRequest(value: unknown): OverrideRequest | { malformed: string } {
  const { by, reason } = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  if (typeof by !== 'string' || by.trim() === '') return { malformed: 'it does not say who asks ("by")' };
  if (typeof reason !== 'string' || reason.trim() === '') return { malformed: 'it does not say why the freeze must not be waited for ("reason")' };
  return { by: clip(by, 100), reason: clip(reason, 300) };
}

/** `2027-01-04 17:00 UTC`; null: not within a year. */
export function openingInWords(opensAt: string | null): string {
  return opensAt === null ? 'not within a year' : `${opensAt.slice(0, 16).replace('T', ' ')} UTC`;
}

/** What a held run shows. */
export function frozenLines({ inForce, opensAt, mayOverride }: FreezeStanding, how: string | null): string[] {
  return [
    opensAt === null ? 'Frozen. No opening is known within a year: it goes on when the estate is changed.' : `Frozen until ${openingInWords(opensAt)}. It goes on by itself then.`,
    ...inForce.slice(0, 3).map(({ name, reason }) => `${clip(name, 60)}: ${clip(reason, 120)}`),
    ...(inForce.length > 3 ? [`and ${inForce.length - 3} more`] : []),
    ...(how === null || mayOverride.length === 0 ? [] : [`To go before that: ${how}; it asks ${clip(mayOverride.join(', '), 80)}.`]),
  ];
}

/** What those who may override are asked. */
export function overrideCard(what: string, { inForce, opensAt }: FreezeStanding, { by, reason }: OverrideRequest, undo = 'a rollback, which no freeze holds.'): GateCard {
  return {
    question: `Let ${what} go on in spite of the freeze ${inForce.map(({ name }) => name).join(', ')}?`,
    recommendation: `wait: it goes on by itself at the next opening (${openingInWords(opensAt)}).`,
    comparison: null,
    facts: [`${by} asks: ${reason}`, ...inForce.map(({ name, reason: why, until }) => `${name}: ${why} (until ${openingInWords(until)})`)],
    change: `lets ${what} go on now, once and for this run only; the freeze stays for all others.`,
    undo,
  };
}

/** How a card announces a freeze that holds what is being decided, or soon will; undefined where there is none. */
export function announcedFreeze(windows: readonly FreezeWindow[], at: string): string | undefined {
  const next = windows.find(({ until }) => until > at);
  if (next === undefined) return undefined;
  return `production is frozen from ${openingInWords(next.from)} until ${openingInWords(next.until)} (${clip(next.name, 60)}): an approval takes effect outside of that`;
}
