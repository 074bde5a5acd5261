/** What `holdpoint now` knows of a target: the shape that `--json` prints. Null: it is not known, or there is none; `unread` names the sources that did not answer. */
import type { ModelVerdict } from '../../workflows/domain/rollback.ts';
import type { StopHold } from '../../workflows/domain/emergency-stop.ts';
import type { Severity, Target } from '../../workflows/domain/vocabulary.ts';
import type { Unread } from './sources.ts';

/** All times are ISO instants. */
export interface NowFacts {
  at: string;
  target: Target;
  /** Of the target, by the estate. */
  severity: Severity | null;
  /** Who asks: signed in, or named. */
  person: string | null;
  serving: Serving | null;
  lastChange: LastChange | null;
  /** Alerts that fire now. */
  alerts: FiringAlert[] | null;
  /** The newest batch job of the deployment in production. */
  lastJob: LastJob | null;
  /** Open runs of the target, the newest first, without its lock. */
  runs: OpenRun[] | null;
  lock: LockNow | null;
  /** Open gates, the nearest deadline first. */
  gates: OpenGateNow[] | null;
  incidents: OpenIncident[] | null;
  /** Who holds releases back by the emergency stop. */
  stops: StopHold[] | null;
  /** Freeze windows in which the target's releases are now. */
  freezes: FreezeNow[] | null;
  /** What the platform shows and no run has recorded. */
  findings: string[];
  unread: Unread[];
}

export interface NowReport extends NowFacts {
  next: NextStep;
}

export interface Serving {
  exists: boolean;
  /** By the deployment's tag, and by the model that it really serves. */
  version: string | null;
  model: string | null;
  releasedBy: string | null;
  /** `<workflow id>/<first run id>`. */
  run: string | null;
  previousVersion: string | null;
  rolledBackFrom: string | null;
  /** From the registry; null where nobody has judged the version yet, or the registry was not read. */
  verdict: ModelVerdict | null;
  /** What `rollBackModel` would do now; null where the registry was not read. */
  rollback: RollbackNow | null;
}

export interface RollbackNow {
  /** The version that it would go back to; null where it would do nothing. */
  to: string | null;
  verdict: ModelVerdict | null;
  /** Why it would do nothing. */
  refused: string | null;
  /** The newest version recorded good, other than the one that serves. */
  newestGood: string | null;
}

export interface LastChange {
  at: string;
  what: string;
  version: string | null;
  /** `<workflow id>/<first run id>`; null where no run did it. */
  run: string | null;
  /** Who had let the run pass, or whom the deployment's tag names. */
  by: string[];
  shownBy: ('record' | 'platform')[];
}

export interface FiringAlert {
  id: string;
  rule: string;
  /** 0 (critical) to 4 (verbose). */
  severity: number;
  /** Whether the estate counts it as a breach. */
  isBreach: boolean;
  since: string | null;
  description: string;
}

export interface LastJob {
  jobName: string;
  status: string;
  startedAt: string | null;
  error: string | null;
}

export interface OpenRun {
  workflowId: string;
  runbook: string;
  phase: string | null;
  /** Null where no worker told it. */
  phaseSince: string | null;
  startedAt: string;
}

export interface LockNow {
  epoch: number;
  holder: { workflowId: string; what: string; since: string } | null;
  queue: { workflowId: string; what: string }[];
}

export interface OpenGateNow {
  workflowId: string;
  gate: string;
  question: string;
  openedAt: string;
  deadline: string;
  /** What silence does. */
  silence: string;
  /** Canonical ids of who may decide. */
  eligible: string[];
  missing: number;
  /** First 12 digits of the evidence's digest. */
  evidence: string;
}

export interface OpenIncident {
  workflowId: string;
  title: string | null;
  severity: Severity | null;
  openedAt: string;
  /** Null: nobody has; undefined: the incident did not answer. */
  acknowledgedBy?: string | null;
  nextClock: { clock: string; at: string } | null;
}

export interface FreezeNow {
  name: string;
  reason: string | null;
  until: string | null;
}

/** What to do now. */
export interface NextStep {
  /** Name of the rule that decided: stable, for scripts. */
  rule: string;
  what: string;
  why: string;
  /** As they are typed, in this order. */
  commands: string[];
}
