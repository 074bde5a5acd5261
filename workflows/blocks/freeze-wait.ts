/** Waiting out a freeze: until its end, until the estate lifts it, or until somebody who may has overridden it. */
import { ApplicationFailure, CancellationScope, condition, defineSignal, defineUpdate, isCancellation, setHandler, sleep, workflowInfo } from '@temporalio/workflow';
import { FailureType } from '../domain/failures.ts';
import { evidenceItem } from '../domain/evidence.ts';
import { freezeGateName, frozenLines, holding, openingInWords, overrideCard, readOverrideRequest, type FreezeInForce, type FreezeStanding, type OverrideRequest } from '../domain/freeze.ts';
import { canonicalPerson, type TargetPolicy } from '../domain/policy.ts';
import { sleepUntil } from './gate-clock.ts';
import type { GateOutcome, GateRequest } from './gate-request.ts';
import type { Gates } from './gates.ts';
import type { Run } from './run.ts';
import { now } from './workflow-clock.ts';

/** Who ends the gate when there is nothing to override any more. */
const calendar = 'the calendar';

/** How long one look for a changed estate lasts where no opening is known, in milliseconds; then the standing is asked for anew. */
const longestLookMs = 7 * 86_400_000;

/** Pause before the standing is asked for anew where no opening is known, in milliseconds. */
const pauseMs = 60_000;

export const overrideFreezeUpdate = defineUpdate<{ asks: string[] }, [unknown]>('overrideFreeze');
export const overrideFreezeSignal = defineSignal<[unknown?]>('overrideFreeze');

/** By whose rules, and by whose people, an override goes. */
export type HoldPolicy = Pick<TargetPolicy, 'people' | 'digest' | 'inboxUrl'> & { gates: Pick<TargetPolicy['gates'], 'stage3'> };

/** What is held, and how the block learns what it must know. */
export interface Held {
  /** For people: `P001/C001 42-3f2a91c0`. */
  what: string;
  /** Names or aliases of whoever asked for the change; four-eyes keeps them from overriding the freeze for it. */
  requestedBy: readonly string[];
  /** The phase that the run shows meanwhile; null: the one that it is in. */
  phase: string | null;
  /** How it stands at an ISO instant; null: nothing could ever hold it. */
  look: (at: string) => Promise<FreezeStanding | null>;
  /** Comes back when the estate says something else than is known, or fails after so many milliseconds. */
  change: (known: string, boundMs: number) => Promise<unknown>;
  /** Whose people, and whose Stage 3, an override goes by. */
  policy: () => Promise<HoldPolicy>;
  /** How it could be undone, for who is asked to override; by default a rollback. */
  undo?: string;
  /** What else the run shows meanwhile. */
  alsoShow?: readonly string[];
  /** Says why there is nothing to hold any more; null for as long as there is. It ends the wait, and the gate of an override. */
  over?: () => string | null;
}

/** `superseded`: a newer version came while it was held. */
export type FreezePassed = { hasWaited: boolean; superseded: Extract<GateOutcome, { state: 'superseded' }> | null };

export class FreezeWait {
  readonly #run: Run;
  readonly #gates: Gates;
  /** Freezes that do not hold this run any more, by name, each until the end of the window that was overridden. */
  readonly #overridden = new Map<string, FreezeInForce['until']>();
  #standing: FreezeStanding | null = null;
  #asked: OverrideRequest | null = null;
  #isAsking = false;

  /** Registers the handlers: in the run's first lines. */
  constructor(run: Run, gates: Gates) {
    this.#run = run;
    this.#gates = gates;
    const description = 'Ask those who may to let the run go on in spite of a freeze: {"by", "reason"}';
    setHandler(overrideFreezeUpdate, (value) => this.#ask(value), { description, validator: (value) => void this.#read(value) });
    setHandler(overrideFreezeSignal, (value) => {
      try {
        this.#ask(value);
      } catch (error) {
        run.answered({ by: null, counted: false, reason: error instanceof Error ? error.message : String(error) });
      }
    }, { description });
  }

  /** Whether it is frozen, but for what was overridden. */
  holds(standing: FreezeStanding | null): boolean {
    return holding(standing, this.#overridden).length > 0;
  }

  /** Waits for as long as it is frozen. `standing`: as it was read just now. What was measured before has to be measured again when it `hasWaited`. */
  async pass(held: Held, standing: FreezeStanding | null): Promise<FreezePassed> {
    if (!this.holds(standing)) return { hasWaited: false, superseded: null };
    const since = now().toISOString();
    const names = new Set<string>();
    if (held.phase !== null) this.#run.enter(held.phase);
    let superseded: FreezePassed['superseded'] = null;
    try {
      for (let current = standing; this.holds(current); current = await held.look(now().toISOString())) {
        for (const { name } of current!.inForce) names.add(name);
        superseded = await this.#waitOut(held, current!);
        if (superseded !== null || held.over?.()) break;
      }
    } finally {
      this.#show(null);
      this.#asked = null;
    }
    const until = `from ${since} until ${now().toISOString()}`;
    this.#run.record.add({ kind: 'finding', what: 'held by a freeze', detail: `${[...names].join(', ')}: ${until}${superseded === null ? '' : `; ${superseded.reason}`}` });
    return { hasWaited: true, superseded };
  }

  /** Until there is reason to look again. */
  async #waitOut(held: Held, standing: FreezeStanding): Promise<FreezePassed['superseded']> {
    this.#show(standing, held.alsoShow);
    let isOver = false;
    const end = (): void => {
      isOver = true;
      if (this.#isAsking) this.#gates.retire(calendar, held.over?.() ?? 'the freeze is over, or has changed');
    };
    const waiting = new CancellationScope();
    waiting.run(() => Promise.race([untilMoved(standing, held.change), ...(held.over ? [condition(() => held.over!() !== null)] : [])])).then(end, end);
    try {
      for (;;) {
        await condition(() => isOver || this.#asked !== null || this.#gates.superseded !== null);
        if (this.#gates.superseded !== null) return { state: 'superseded', ...this.#gates.superseded, decisions: [] };
        if (isOver) return null;
        const outcome = await this.#decide(held, standing, () => isOver);
        if (outcome === 'overridden') return null;
        if (outcome !== 'held') return outcome;
      }
    } finally {
      waiting.cancel();
    }
  }

  /** Asks those who may. A "no", and silence, leave everything as it is: it waits on. */
  async #decide(held: Held, standing: FreezeStanding, isOver: () => boolean): Promise<'overridden' | 'held' | NonNullable<FreezePassed['superseded']>> {
    const asked = this.#asked!;
    this.#asked = null;
    const refuse = (reason: string): 'held' => {
      this.#run.answered({ by: asked.by, counted: false, reason });
      return 'held';
    };
    const policy = await this.#run.attempt('The policy could not be read for the override', () => held.policy());
    if (policy === null || isOver()) return refuse('the override could not be asked for: ask again if it is still frozen');
    const request = overrideGate(held, standing, asked, policy);
    const excluded = request.policy.fourEyes ? request.requestedBy.map((name) => canonicalPerson(policy.people, name)) : [];
    if (request.policy.approvers.every((person) => excluded.includes(person))) return refuse('whoever may override the freeze has asked for the change, or for the override: somebody else has to');
    this.#isAsking = true;
    const outcome = await this.#gates.pass(request).finally(() => (this.#isAsking = false));
    this.#show(standing, held.alsoShow);
    if (outcome.state === 'superseded') return outcome.by === calendar ? 'held' : outcome;
    if (outcome.state !== 'approved') {
      this.#run.note(outcome.state === 'rejected' ? `${outcome.by} did not override the freeze: ${outcome.reason}` : 'Nobody overrode the freeze in time.');
      return 'held';
    }
    for (const { name, until } of standing.inForce) this.#overridden.set(name, until);
    const names = standing.inForce.map(({ name }) => name).join(', ');
    this.#run.record.add({ kind: 'finding', what: 'freeze overridden', detail: `${names}: asked by ${asked.by} (${asked.reason}), allowed by ${outcome.by.join(', ')}` });
    this.#run.note(`The freeze ${names} was overridden by ${outcome.by.join(', ')}: ${asked.reason}`);
    await this.#run.record.flush(); // before the effect that it permits
    return 'overridden';
  }

  #ask(value: unknown): { asks: string[] } {
    this.#asked = this.#read(value);
    return { asks: this.#standing!.mayOverride };
  }

  /** @throws InputInvalid saying what is wrong with the wish */
  #read(value: unknown): OverrideRequest {
    const asked = readOverrideRequest(value);
    if ('malformed' in asked) throw notAsked(asked.malformed);
    if (this.#standing === null) throw notAsked('no freeze holds this run');
    if (this.#isAsking || this.#asked !== null) throw notAsked(`it is asked already: gate "${freezeGateName}"`);
    if (this.#standing.mayOverride.length === 0) throw notAsked(`the estate names nobody who may override ${this.#standing.inForce.map(({ name }) => name).join(' and ')} (mayOverride)`);
    return asked;
  }

  #show(standing: FreezeStanding | null, more: readonly string[] = []): void {
    this.#standing = standing;
    this.#run.frozen = standing && { by: standing.inForce.map(({ name }) => name), until: standing.opensAt };
    this.#run.progress(standing === null ? [] : [...frozenLines(standing, `holdpoint override-freeze ${workflowInfo().workflowId} --reason "…"`), ...more]);
  }
}

/** Comes back at the opening, or when the estate says something else than this; in between it costs no event. Ends with its scope. */
async function untilMoved({ opensAt, digest, inForce }: FreezeStanding, change: Held['change']): Promise<void> {
  const boundMs = opensAt === null ? longestLookMs : Math.max(Date.parse(opensAt) - now().getTime(), 1);
  const untilOpen = opensAt === null ? null : sleepUntil(opensAt, `Frozen (${inForce.map(({ name }) => name).join(', ').slice(0, 100)})`);
  const untilChanged = change(digest, boundMs).then(() => undefined, async (error: unknown) => {
    if (isCancellation(error)) throw error;
    // It gave up because its next look would come too late, perhaps at once: what is left of the time goes by without looks.
    await (untilOpen ?? sleep(pauseMs, { summary: 'Look for the freeze again' }));
  });
  const ended = [untilChanged, ...(untilOpen === null ? [] : [untilOpen])];
  for (const each of ended) each.catch(() => undefined); // the one that comes later ends with the scope
  await Promise.race(ended);
}

/** Asked by the rules of Stage 3: identity, four-eyes, bound evidence. Its clock is the freeze's. */
function overrideGate({ what, requestedBy, undo }: Held, standing: FreezeStanding, asked: OverrideRequest, { gates: { stage3 }, people, digest, inboxUrl }: HoldPolicy): GateRequest {
  const at = now();
  const measured = { evidence: standing, items: [evidenceItem('freeze', { inForce: standing.inForce, asked }, at.toISOString())] };
  return {
    gate: freezeGateName,
    policy: {
      ...stage3, quorum: 1, approvers: standing.mayOverride, mandatoryGroups: [], delegations: [], rejection: 'any', checklist: [], opening: null, breakGlass: [], onSilence: 'expire',
      clock: { remind: [], escalate: [], widen: [], decide: { afterMs: standing.opensAt === null ? longestLookMs : Math.max(Date.parse(standing.opensAt) - at.getTime(), 1), hours: 'elapsed' } },
    },
    people, estateDigest: digest, inboxUrl,
    requestedBy: [...requestedBy, asked.by],
    silence: `it waits for the next opening, ${openingInWords(standing.opensAt)}`,
    measured,
    measure: async () => measured, // the freeze itself is watched meanwhile: it ends the gate
    card: () => overrideCard(what, standing, asked, undo),
  };
}

function notAsked(reason: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(`not asked: ${reason}`, FailureType.InputInvalid);
}

