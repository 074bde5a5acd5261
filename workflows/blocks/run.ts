/** One run of a runbook as its readers see it: phases, outcome, search attributes, current details, and the query `status`. */
import { ActivityFailure, CancellationScope, CancelledFailure, condition, defineQuery, isCancellation, setHandler, sleep, upsertMemo, workflowInfo, ApplicationFailure } from '@temporalio/workflow';
import { clip } from '../domain/answer.ts';
import type { CompensationReport } from '../domain/compensation.ts';
import { FailureType } from '../domain/failures.ts';
import { stepKey, type StepKey } from '../domain/keys.ts';
import type { AppendToRecordInput, RecordEvent } from '../domain/record.ts';
import type { Production } from '../domain/release.ts';
import { closedStatus, type LastAnswer, type PhaseTime, type RunStatus } from '../domain/run-status.ts';
import type { Outcome } from '../domain/vocabulary.ts';
import { isCancelled } from './cancellation.ts';
import { Compensations, rootMessage } from './compensations.ts';
import { RunAttributes } from './run-attributes.ts';
import { RunDisplay, type GateFace } from './run-display.ts';
import { RunRecord } from './run-record.ts';
import { now } from './workflow-clock.ts';

/** How long a run that is over waits for messages that are under way. */
const lastWordsFor = '30s';

/** Pause of a run that is over but for its record, after half a day of tries. */
const recordAgainAfter = '10m';

export const statusQuery = defineQuery<RunStatus>('status');

export interface RunOptions {
  /** The phase that the run begins in. */
  phase: string;
  target: RunStatus['target'];
  /** Appends to the record; repeated by the activity's own policy. */
  appendToRecord: (input: AppendToRecordInput) => Promise<unknown>;
}

/** What every runbook returns at least. */
interface Conclusion {
  outcome: Outcome;
  reason: string;
  compensations?: CompensationReport[];
}

interface Ending<R> {
  result: R;
  aborted: boolean;
  error?: unknown;
}

export class Run {
  readonly compensations = new Compensations();
  /** What an auditor reads when this history is gone. */
  readonly record: RunRecord;
  readonly target: RunStatus['target'];
  /** Whether production is as it was before the run. */
  production: Production = 'unchanged';
  /** What freeze holds the run now. */
  frozen: RunStatus['frozen'] | null = null;
  #phases: PhaseTime[] = [];
  #outcome: Outcome | null = null;
  #background = 0;
  #closingChecks: { what: string; check: () => Promise<unknown> }[] = [];
  readonly #display = new RunDisplay(() => this.#phases.at(-1)!.name);
  readonly #attributes = new RunAttributes(() => this.#display.gate !== null);

  constructor({ phase, target, appendToRecord }: RunOptions) {
    this.target = target;
    this.record = new RunRecord((batch, entries) => appendToRecord({ key: this.key(`record ${batch}`), run: this.#recorded(), entries }));
    setHandler(statusQuery, () => this.status(), { description: 'Where the run is: phase, gate, last answer, outcome' });
    this.#phases.push({ name: phase, startedAt: now().toISOString(), endedAt: null });
    this.#attributes.set({ Phase: phase, ...(target && { Plant: target.plant, Circuit: target.circuit, ModelVersion: target.version }) });
    this.#display.show();
  }

  /** The idempotency key of a step; `generation` rises only when the runbook repeats the step on purpose. */
  key(step: string, generation = 0): StepKey {
    const { workflowId, firstExecutionRunId } = workflowInfo();
    return stepKey({ workflowId, firstExecutionRunId, step, generation });
  }

  /** How this run signs what it makes on a platform: `<workflow id>/<first run id>`. */
  get signature(): string {
    const { workflowId, firstExecutionRunId } = workflowInfo();
    return `${workflowId}/${firstExecutionRunId}`;
  }

  enter(phase: string): void {
    this.#endPhase();
    this.#phases.push({ name: phase, startedAt: now().toISOString(), endedAt: null });
    this.#attributes.set({ Phase: phase });
    this.#display.show();
  }

  /** A sentence for whoever looks at the run between gates. */
  note(text: string): void {
    this.#display.note(text);
    this.#display.show();
  }

  /** How far a long step is: replaces what was said before. */
  progress(lines: readonly string[]): void {
    this.#display.progress(lines);
    this.#display.show();
  }

  /** Does a step that the run can go on without: its failure is noted, and answered with null. A cancellation is not swallowed. */
  async attempt<T>(complaint: string, step: () => Promise<T>): Promise<T | null> {
    try {
      return await step();
    } catch (error) {
      if (isCancelled(error)) throw error;
      this.note(`${complaint}: ${rootMessage(error)}`);
      return null;
    }
  }

  /** What the run shows in place of phase and notes, or below an open gate where there is room: asked anew after each `refresh`. */
  present(face: () => string): void {
    this.#display.face = face;
    this.#display.show();
  }

  /** What `present` would answer, or the open gate, is another one now. */
  refresh(): void {
    this.#display.show();
  }

  gateOpened(gate: GateFace): void {
    this.#display.gate = gate;
    const { id, openedAt, deadline } = gate.status();
    this.#attributes.set({ Gate: id, GateOpened: new Date(openedAt), GateDeadline: new Date(deadline) });
    this.#display.show();
  }

  /** The gate's deadline is another one than was said when it opened. */
  deadlineMoved(deadline: string): void {
    this.#attributes.set({ GateDeadline: new Date(deadline) });
    this.#display.show();
  }

  /** The search attribute goes with the next phase: one event instead of two. */
  gateClosed(): void {
    this.#display.gate = null;
    this.#display.show();
  }

  answered(answer: LastAnswer): void {
    this.#display.lastAnswer = answer;
    this.#display.show();
  }

  /**
   * Runs the steps and closes the run with its outcome. An expected "no" is returned by the steps; a failure or a cancellation is compensated first, and then closes the
   * workflow as Failed or Canceled. Temporal's TypeScript SDK sends no details with a cancellation, so the result of an aborted run stands in the memo `result`.
   */
  async conclude<R extends Conclusion>(steps: () => Promise<R>, interrupted: (outcome: Outcome, reason: string) => R): Promise<R> {
    const ending = await this.#carryOut(steps, interrupted);
    await CancellationScope.nonCancellable(() => this.#lastThings(ending.result));
    this.#close(ending.result.outcome, ending.result.reason);
    if (ending.aborted) {
      upsertMemo({ result: ending.result });
      throw ending.error;
    }
    if (ending.result.outcome === 'failed') throw failure(ending.result, ending.error);
    return ending.result;
  }

  /** A last look at the platforms that the run owes before it closes, such as for late twins of a write whose outcome was uncertain. */
  beforeClosing(what: string, check: () => Promise<unknown>): void {
    this.#closingChecks.push({ what, check });
  }

  async #carryOut<R extends Conclusion>(steps: () => Promise<R>, interrupted: (outcome: Outcome, reason: string) => R): Promise<Ending<R>> {
    try {
      return { result: await steps(), aborted: false };
    } catch (error) {
      // Not by the error alone: a step that was between two attempts when the run was cancelled ends with the failure of its last one.
      const aborted = CancellationScope.current().consideredCancelled;
      const compensations = await this.compensations.undo();
      // Asked for what the estate does not have, before anything was done: an expected "no".
      const isRefused = isUnknownTarget(error) && this.production === 'unchanged' && compensations.length === 0;
      const result = aborted ? interrupted('aborted', 'cancelled') : interrupted(isRefused ? 'rejected' : 'failed', rootMessage(error));
      return { result: { ...result, compensations }, aborted, error: aborted && !isCancellation(error) ? new CancelledFailure('cancelled', [], error instanceof Error ? error : undefined) : error };
    }
  }

  /** Something that goes on beside the run, and that it waits for a little before it closes, such as a message to people. */
  inBackground(work: Promise<unknown>): void {
    this.#background += 1;
    void work.finally(() => (this.#background -= 1));
  }

  /** What was done to a platform, for the record. Not waited for: the effect has happened. */
  effect(effect: Omit<Extract<RecordEvent, { kind: 'effect' }>, 'kind'>): void {
    this.record.add({ kind: 'effect', ...effect });
  }

  async #lastThings({ outcome, reason }: Conclusion): Promise<void> {
    await this.#checkBeforeClosing();
    this.record.add({ kind: 'closed', outcome, reason: clip(reason, 1000) });
    await this.#keepRecord();
    if (this.#background > 0) await condition(() => this.#background === 0, lastWordsFor);
  }

  /** A run that its record does not know of must not look finished: it stays, says why, and tries for as long as the store is away. What no repetition mends is noted. */
  async #keepRecord(): Promise<void> {
    for (;;) {
      try {
        return await this.record.flush();
      } catch (error) {
        this.note(`The record could not be kept: ${rootMessage(error)}`);
        if (!(error instanceof ActivityFailure) || error.retryState === 'NON_RETRYABLE_FAILURE') return;
        await sleep(recordAgainAfter, { summary: 'Keep the record: try again' });
      }
    }
  }

  #recorded(): AppendToRecordInput['run'] {
    const { workflowId, firstExecutionRunId, workflowType } = workflowInfo();
    return { workflowId, runId: firstExecutionRunId, runbook: workflowType, target: this.target };
  }

  /** A check that cannot be made is noted and changes no outcome. */
  async #checkBeforeClosing(): Promise<void> {
    for (const { what, check } of this.#closingChecks.splice(0)) await this.attempt(`Could not look for ${what}`, check);
  }

  status(): RunStatus {
    const { workflowId, runId, workflowType } = workflowInfo();
    return {
      workflowId,
      runId,
      runbook: workflowType,
      status: closedStatus(this.#outcome),
      outcome: this.#outcome,
      phase: this.#phases.at(-1)!.name,
      target: this.target,
      gate: this.#display.gate?.status() ?? null,
      phases: this.#phases,
      lastAnswer: this.#display.lastAnswer,
      production: this.production,
      ...(this.frozen && this.#outcome === null && { frozen: this.frozen }),
    };
  }

  #close(outcome: Outcome, reason: string): void {
    this.#endPhase();
    this.#outcome = outcome;
    this.#display.conclude(`**${outcome}:** ${clip(reason, 300)}`);
    this.#attributes.set({ Outcome: outcome });
    this.#attributes.flush();
  }

  #endPhase(): void {
    this.#phases = this.#phases.map((phase) => (phase.endedAt === null ? { ...phase, endedAt: now().toISOString() } : phase));
  }
}

function isUnknownTarget(error: unknown): boolean {
  const failure = error instanceof ActivityFailure ? error.cause : error;
  return failure instanceof ApplicationFailure && failure.type === FailureType.TargetUnknown;
}

/** Closes the workflow as Failed, with the result, compensations included, in the failure's details. */
function failure(result: Conclusion, cause: unknown): ApplicationFailure {
  return ApplicationFailure.create({ type: FailureType.RunbookFailed, message: result.reason, nonRetryable: true, details: [result], ...(cause instanceof Error && { cause }) });
}
