/** Activities that read the estate file: the only way in which a runbook learns a target's policy. */
import { jsonDigest } from '../../workflows/domain/digest.ts';
import type { Tick } from '../../workflows/domain/gate-clock.ts';
import type { GateClock, TargetPolicy } from '../../workflows/domain/policy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { gateTicks } from '../calendar/gate-ticks.ts';
import { nextWorkingTime } from '../calendar/working-time.ts';
import { allTargets, reviewedCircuits, type LoadedCircuits } from './circuits.ts';
import { complaintAbout, readEstate, unknownTarget } from './estate-file.ts';
import { upcomingFreezes } from './freezes.ts';
import { gateNames } from './gate-schema.ts';
import { identityComplaint, type IdentityProblem } from './identity-problem.ts';
import { calendarsOf } from './names.ts';
import { targetPolicy } from './target-policy.ts';

export interface ReleaseRules {
  /** `refs/heads/…`: pull requests into other branches release nothing. */
  releaseBranch: string;
  /** Most training jobs of one change at the same time. */
  maxParallel: number;
  /** How long after a write of uncertain outcome its late arrival is still looked for, in milliseconds. */
  settleMs: number;
  /** SHA-256, hexadecimal, of the estate. */
  digest: string;
}

export interface EstateSettings {
  estateFile: string;
  /** Where the receiver with its inbox is in this deployment; beats the estate's `inbox`. */
  inboxUrl?: string | null;
  /** What this installation cannot prove about who answers; without it, nothing is refused. */
  identityProblem?: IdentityProblem;
}

export const createEstateActivities = ({ estateFile, inboxUrl, identityProblem = () => null }: EstateSettings) => ({
  /**
   * Reads the policy of one target, anew each time, so that a change of the estate reaches runs that wait. `at`: also the freezes that a release would meet from this ISO instant on.
   *
   * Safe to retry because it only reads.
   *
   * @throws TargetUnknown (not retried) for a target that the estate does not know; EstateInvalid (not retried) naming file, line and field; also when a gate demands an identity that cannot
   *   be proven here, or accepts one that is not
   */
  loadPolicy: async ({ target, at }: { target: Target; at?: string }): Promise<TargetPolicy> => {
    const estate = await readEstate(estateFile);
    const policy = targetPolicy(estate, target, inboxUrl ?? undefined);
    if ('problem' in policy) throw await unknownTarget(estateFile, policy);
    const { gates, severity } = policy;
    const complaint = identityComplaint(estate, gateNames.map((gate) => ({ variant: { gate, severity, plant: target.plant }, policy: gates[gate] })), identityProblem);
    if (complaint !== null) throw await complaintAbout(estateFile, complaint.field, complaint.problem);
    const freezes = at === undefined ? [] : upcomingFreezes(estate, { targets: [target], action: 'release' }, at);
    return freezes.length === 0 ? policy : { ...policy, freezes };
  },

  /** Severity, sensor and deployment of many circuits, for reviews; one that the estate does not know is left out. Safe to retry because it only reads. */
  loadCircuits: async ({ targets }: { targets: Target[] }): Promise<LoadedCircuits> => reviewedCircuits(await readEstate(estateFile), targets),

  /** The same for every circuit of the estate. Safe to retry because it only reads. */
  loadFleet: async (_input: Record<string, never>): Promise<LoadedCircuits> => {
    const estate = await readEstate(estateFile);
    return reviewedCircuits(estate, allTargets(estate));
  },

  /** What holds for every release. Safe to retry because it only reads. */
  loadReleaseRules: async (_input: Record<string, never>): Promise<ReleaseRules> => {
    const estate = await readEstate(estateFile);
    return { releaseBranch: estate.releaseBranch, maxParallel: estate.training.maxParallel, settleMs: estate.settle, digest: jsonDigest(estate) };
  },

  /**
   * Turns a gate's clock into absolute instants. Working time is time in which at least one of the approvers is at work; one without a calendar always is, and so is somebody in their place
   * when the estate knows none of them any more: the clock of a gate must not stop.
   *
   * Safe to retry because it only reads: a second call answers the same unless the estate has changed.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  planGateClock: async ({ clock, openedAt, approvers }: { clock: GateClock; openedAt: string; approvers: string[] }): Promise<{ ticks: Tick[] }> => {
    return { ticks: gateTicks(clock, openedAt, calendarsOf(await readEstate(estateFile), approvers)) };
  },

  /**
   * The opening of a calendar that goes on at `from`, its beginning then being `from`, or the next one. One that never closes is told in pieces of two weeks and more: ask again at `until`.
   *
   * Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  nextOpening: async ({ opening, from }: { opening: string; from: string }): Promise<{ from: string; until: string }> => {
    const { calendars } = await readEstate(estateFile);
    if (!Object.hasOwn(calendars, opening)) throw await complaintAbout(estateFile, ['calendars'], `there is no calendar "${opening}", within which an effect is to take place; add it`);
    const next = nextWorkingTime(calendars[opening]!, Date.parse(from));
    return { from: new Date(next.from).toISOString(), until: new Date(next.until).toISOString() };
  },
});
