/** How other runbooks open an incident, or join the one that is under way, and tell it what they find. Nothing of it delays them: what cannot be told is a note. */
import { ApplicationFailure, CancellationScope, condition, defineSignal, getExternalWorkflowHandle, workflowInfo } from '@temporalio/workflow';
import { isCancelled } from '../blocks/cancellation.ts';
import type { Run } from '../blocks/run.ts';
import { FailureType } from '../domain/failures.ts';
import type { IncidentReport, IncidentSubject } from '../domain/incident-report.ts';
import { coordinateIncidentId, type CoordinateIncidentInput } from '../domain/incident.ts';
import type { Severity } from '../domain/vocabulary.ts';
import { findIncident } from './incident-activities.ts';
import { startIncident } from './start-incident.ts';

/** What a run that found the same tells. */
export const incidentReportSignal = defineSignal<[IncidentReport]>('report');

/** Between two looks another run may have opened it, or a person resolved it. */
const tries = 5;

/** How long a run that is over waits for the name of its incident. */
const lastWordsFor = '30s';

type Words = Pick<CoordinateIncidentInput, 'title' | 'reportedBy'>;
export type Finding = Words & IncidentSubject & { severity: Severity };
export interface ReachedIncident {
  workflowId: string;
  runId: string | null;
  isNew: boolean;
}

/** Opens the incident of the target or service, or tells the one that is under way. At most one is, so that one cause has one incident whoever finds it. `find`: with the caller's own patience. */
export async function reachIncident(finding: Finding, report: IncidentReport, find: typeof findIncident = findIncident): Promise<ReachedIncident> {
  for (let left = tries; left > 0; left -= 1) {
    const { incident, runId } = await find(finding.target ? { target: finding.target } : { service: finding.service });
    const workflowId = coordinateIncidentId({ incident });
    if (runId === null) {
      const started = await startIncident({ incident, ...finding, title: finding.title.slice(0, 200) });
      if (started.isNew) return started;
    }
    if (await wasTold(workflowId, report)) return { workflowId, runId, isNew: false };
  }
  throw ApplicationFailure.nonRetryable('an incident was opened and closed by others each time', FailureType.Busy);
}

/** False where it has ended. */
export async function wasTold(workflowId: string, report: IncidentReport): Promise<boolean> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(incidentReportSignal, report);
    return true;
  } catch (error) {
    if (isCancelled(error)) throw error;
    return false;
  }
}

export class IncidentReports {
  readonly #run: Run;
  #reached: Promise<string | null> | null = null;
  #workflowId: string | null = null;
  #isKnown = true;

  constructor(run: Run) {
    this.#run = run;
  }

  /**
   * Opens or joins, once; `text` is what its timeline says. `within`: the key of the incident that the run was started from. `severity` undefined: the estate wants no incident of such a run;
   * it still tells the one that it was started from.
   */
  open({ severity, within, text, ...finding }: Words & IncidentSubject & { severity: Severity | undefined; within?: string | undefined; text?: string }): void {
    if (this.#reached !== null || (severity === undefined && within === undefined)) return;
    this.#isKnown = false;
    // Also a run that is cancelled meanwhile has found what it has found.
    this.#reached = CancellationScope.nonCancellable(() => this.#run.attempt('The incident could not be opened', () => this.#reach(finding, severity, within, text))).then((workflowId) => {
      this.#isKnown = true;
      return (this.#workflowId = workflowId);
    });
    this.#run.inBackground(this.#reached);
  }

  /** A line for the incident's timeline, after it was opened. */
  tell(text: string): void {
    if (this.#reached === null) return;
    const report = { by: workflowInfo().workflowId, text, severity: null };
    const told = CancellationScope.nonCancellable(async () => {
      const workflowId = await this.#reached;
      if (workflowId !== null && !(await wasTold(workflowId, report))) this.#run.note(`${workflowId} had ended and was not told.`);
    });
    this.#run.inBackground(told.catch(() => undefined));
  }

  /** Whether it was asked for, and wanted. */
  get isOpened(): boolean {
    return this.#reached !== null;
  }

  /** Workflow id of the incident, for the run's result; null where there is none, or none is known yet. */
  get workflowId(): string | null {
    return this.#workflowId;
  }

  /** Waits until that is known, no longer than a run waits for its last messages. */
  async known(): Promise<void> {
    if (!this.#isKnown) await condition(() => this.#isKnown, lastWordsFor);
  }

  async #reach(finding: Words & IncidentSubject, severity: Severity | undefined, within: string | undefined, text: string | undefined): Promise<string | null> {
    const by = workflowInfo().workflowId;
    const reportedBy = finding.reportedBy ?? by;
    const line = `${reportedBy}: ${text ?? finding.title}`;
    if (within !== undefined) {
      const workflowId = coordinateIncidentId({ incident: within });
      if (await wasTold(workflowId, { by, text: line, severity: null })) return workflowId;
    }
    if (severity === undefined) return null;
    const { workflowId, isNew } = await reachIncident({ ...finding, severity, reportedBy }, { by, text: line, severity });
    if (isNew && text !== undefined) await wasTold(workflowId, { by, text, severity: null });
    return workflowId;
  }
}
