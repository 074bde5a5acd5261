/** The slow look at approvals: which tags the runs of pending ones carry, and those that no hook has told, or that were given before their gate was open. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyBaseLogger } from 'fastify';
import { seeApproval, type ApprovalRules } from '../../activities/azure-devops/approval-answers.ts';
import type { ApprovalRef, AzureApproval } from '../../activities/azure-devops/approvals.ts';
import { answerGates, type ApprovalPorts } from './approval-given.ts';

export interface ApprovalPollOptions {
  ports: ApprovalPorts;
  /** What waits for people. */
  pending: () => Promise<ApprovalRef[]>;
  /** What was decided lately. */
  recent: () => Promise<{ ref: ApprovalRef; version: string }[]>;
  /** Whether any gate is open: without one no decision is looked for. */
  isAnyGateOpen: () => Promise<boolean>;
  everyMs: number;
  logger: FastifyBaseLogger;
}

/** Approvals that are remembered as done with; the oldest are forgotten, and only looked at once more. */
const mostRemembered = 5_000;

export class ApprovalPoll {
  readonly #options: ApprovalPollOptions;
  /** Approvals that cannot count any more, or have counted: nothing more comes of them. */
  readonly #settled = new Set<string>();
  /** Of those that may count later: as read. A completed approval does not change without its version. */
  readonly #read = new Map<string, AzureApproval>();
  readonly #stop = new AbortController();
  #looking: Promise<void> | null = null;

  constructor(options: ApprovalPollOptions) {
    this.#options = options;
  }

  start(): void {
    this.#looking = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#looking;
  }

  /** One look. A failure is logged: the next look is soon. */
  async look(): Promise<void> {
    const { ports, pending, recent, isAnyGateOpen, logger } = this.#options;
    try {
      const rules = await ports.rules();
      if (rules === null) return;
      // Whether or not a gate is open yet: a tag must have been seen before somebody decides.
      for (const ref of await pending()) await this.#see(ref);
      if (!(await isAnyGateOpen())) return;
      for (const { ref, version } of await recent()) await this.#lookAt(ref, `${ref.kind}:${ref.id}:${version}`, rules);
    } catch (error) {
      logger.warn({ err: error }, 'approvals could not be looked for');
    }
  }

  /** Its decisions, where some have been made already, are read with all others once it is complete. */
  async #see(ref: ApprovalRef): Promise<void> {
    const { ports, logger } = this.#options;
    try {
      await seeApproval(ports, ref);
    } catch (error) {
      logger.warn({ approval: ref, err: error }, 'pending approval could not be read');
    }
  }

  /** An approval that cannot be judged now keeps no other from it. */
  async #lookAt(ref: ApprovalRef, key: string, rules: ApprovalRules): Promise<void> {
    if (this.#settled.has(key)) return;
    const { ports, logger } = this.#options;
    try {
      const approval = this.#read.get(key) ?? (await seeApproval(ports, ref));
      if (approval === null) return;
      const outcome = await answerGates(ports, rules, approval);
      if ('decisions' in outcome && outcome.decisions.some(({ early }) => early)) {
        this.#read.set(key, approval);
        return;
      }
      this.#settle(key);
      if ('decisions' in outcome) logger.info({ approval: ref, ...outcome }, 'approval found by the poll');
    } catch (error) {
      logger.warn({ approval: ref, err: error }, 'approval could not be answered with');
    }
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.look();
      await sleep(this.#options.everyMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  #settle(key: string): void {
    this.#read.delete(key);
    this.#settled.add(key);
    const [oldest] = this.#settled;
    if (this.#settled.size > mostRemembered && oldest !== undefined) this.#settled.delete(oldest);
  }
}
