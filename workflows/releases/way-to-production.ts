/** The last steps before a release writes to production: emergency stops, freezes, the lock; and what was approved, measured again after a wait. */
import { askedAgain, measureAfterWait } from '../blocks/evidence-again.ts';
import type { FreezeWait } from '../blocks/freeze-wait.ts';
import type { GateOutcome, GateRequest } from '../blocks/gate-request.ts';
import type { Gates } from '../blocks/gates.ts';
import type { ResourceLock } from '../blocks/resource-lock.ts';
import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import { targetLabel } from '../domain/ids.ts';
import { ReleaseModelPhase as Phase } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { ReleaseModelInput } from '../domain/release.ts';
import { lockPriority } from '../domain/resource-lock.ts';
import { queueForLock } from '../locks/lock-activities.ts';
import { isHeld, passHolds, type Write } from './pass-holds.ts';
import { preImage } from './production-deployment.ts';
import { loadPolicy, readFiringAlerts } from './release-activities.ts';
import { stage3Items, type Stage3Evidence } from './release-gates.ts';

type Outcome = GateOutcome<Stage3Evidence>;
type Approved = Extract<Outcome, { state: 'approved' }>;
type Superseded = Extract<GateOutcome, { state: 'superseded' }>;

export interface Release {
  run: Run;
  gates: Gates;
  lock: ResourceLock;
  freeze: FreezeWait;
  input: ReleaseModelInput;
  policy: TargetPolicy;
}

/** `approved`: what production may now be changed on, with the lock held; `known` are the alerts that fired already, at `since`. */
export type Way = { state: 'clear'; approved: Approved; since: string; known: string[] } | Exclude<Outcome, { state: 'approved' }>;

/**
 * Waits until nothing holds the release back and it has the lock of its target. What is stopped or frozen waits without the lock, so that it holds nobody up. After any wait Stage 3's
 * evidence is measured again, and where it is no longer what was approved, Stage 3 is asked once more. Until its write begins, a newer version ends it.
 */
export async function wayToProduction(release: Release, stage3: GateRequest<Stage3Evidence>, approval: Approved): Promise<Way> {
  const { run, gates, lock, freeze, input: { target, version }, policy } = release;
  const { workspaces, endpoint, deployment } = policy;
  const noteAlerts = async () => ({ since: now().toISOString(), known: (await readFiringAlerts({ workspace: workspaces.production, endpoint, deployment })).ids });
  let approved = approval;
  for (let hasWaited = false; ;) {
    run.enter(Phase.Deployment);
    const before = await passHolds(writeOf(release));
    if (before.superseded) return before.superseded;
    hasWaited ||= before.hasWaited;
    if (before.hasWaited) run.enter(Phase.Deployment);

    const claim = { what: `version ${version}`, version, priority: lockPriority('release', policy.severity), preempts: false, preImage: preImage(approved.evidence.before) };
    const [{ hadToWait }, noted] = await Promise.all([lock.acquire(claim, queueForLock, { phase: Phase.Queued, isOver: () => freeze.superseded !== null }), noteAlerts()]);
    hasWaited ||= hadToWait;
    const isClosing = before.closesAt !== null && before.closesAt <= now().toISOString();
    const isHeldAgain = (hadToWait || isClosing) && !lock.isLost && freeze.superseded === null && (await isHeld(writeOf(release)));
    if (freeze.superseded) return overtaken(release, freeze.superseded, hadToWait);
    if (isHeldAgain) {
      await lock.giveBack();
      hasWaited = true;
      continue;
    }
    if (hadToWait) run.enter(Phase.Deployment);
    if (!hasWaited || lock.isLost) return { state: 'clear', approved, ...noted };

    const { fresh, changes } = await measureAfterWait(stage3, stage3Items(approved.evidence, now().toISOString(), now().toISOString()));
    if (freeze.superseded) return overtaken(release, freeze.superseded, hadToWait);
    if (changes.length === 0 || lock.isLost) return { state: 'clear', approved, ...(hadToWait ? await noteAlerts() : noted) };
    await lock.giveBack();
    run.note(`What was approved for ${targetLabel(target)} changed while it waited: ${changes.join('; ')}`);
    run.enter(Phase.Stage3);
    const again = await gates.pass(askedAgain(stage3, fresh, changes));
    if (again.state !== 'approved') return again;
    approved = again;
    hasWaited = false;
  }
}

/** It gives the lock, or its place in the queue, back as it closes. */
function overtaken({ run, input: { target } }: Release, superseded: Superseded, waitedForLock: boolean): Superseded {
  if (waitedForLock) run.record.add({ kind: 'finding', what: 'waited for the lock', detail: `${targetLabel(target)}; ${superseded.reason}` });
  return superseded;
}

function writeOf({ run, freeze, input: { target, version, requestedBy } }: Release): Write {
  return { run, freeze, where: target, action: 'release', what: `${targetLabel(target)} ${version}`, requestedBy, phase: Phase.Frozen, stoppedPhase: Phase.Stopped, policy: () => loadPolicy({ target }) };
}
