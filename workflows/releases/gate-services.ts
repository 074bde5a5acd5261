import { isCancellation, workflowInfo } from '@temporalio/workflow';
import type { GateServices } from '../blocks/gate-request.ts';
import { startOwnRun } from '../blocks/own-run.ts';
import type { Run } from '../blocks/run.ts';
import type { GateEvent } from '../domain/gate-event.ts';
import { reviewBypassId, type ReviewBypassInput } from '../domain/review-bypass.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import { loadPolicy, nextOpening, notify, planGateClock, verifyAnswers } from './release-activities.ts';

/** What the gates of a release need of the world. */
export function releaseGateServices(run: Run): GateServices {
  return {
    tell: tellBy(run),
    verify: async (answers, wanted, people) => {
      const { workflowId, runId, firstExecutionRunId } = workflowInfo();
      return (await verifyAnswers({ workflowId, runId, firstRunId: firstExecutionRunId, wanted, people: people.map(({ id, aliases }) => ({ id, aliases })), answers })).answers;
    },
    planClock: async (clock, openedAt, approvers) => (await planGateClock({ clock, openedAt, approvers })).ticks,
    nextOpening: (opening, from) => nextOpening({ opening, from }),
    reloadPolicy: async ({ gate, policyOf }) => {
      const target = policyOf?.target ?? run.target;
      if (target === null) return null;
      const { plant, circuit } = target;
      const fresh = await run.attempt('The policy could not be read again', () => loadPolicy({ target: { plant, circuit } }));
      const policy = fresh?.gates[policyOf?.gate ?? (gate as keyof TargetPolicy['gates'])];
      return fresh && policy ? { policy, people: fresh.people, estateDigest: fresh.digest } : null;
    },
    reviewBypass: async (gate, { by, reason, incident }, { policy, people, requestedBy, inboxUrl = null }) => {
      const { workflowId, firstExecutionRunId, workflowType } = workflowInfo();
      const review: ReviewBypassInput = { run: { workflowId, runId: firstExecutionRunId, runbook: workflowType, target: run.target }, gate, by, reason, incident, policy, people: [...people], requestedBy: [...requestedBy], inboxUrl };
      // It goes on until somebody has closed it. A run that was reset passes the gate again: this bypass has its review then.
      await startOwnRun({ runbook: 'reviewBypass', workflowId: reviewBypassId(review), ofItsId: 'once', target: null, input: review, summary: `Review: ${by} broke the glass at ${gate}` });
    },
  };
}

/** Tells people. Not waited for: a channel that is away delays no gate, and the card says so instead. */
export function tellBy(run: Run): (step: string, event: GateEvent) => void {
  /** A gate may be passed once more after a long wait, and people be told again what they were told: that is another message. */
  const told = new Map<string, number>();
  return (step, event) => {
    const generation = told.get(step) ?? 0;
    told.set(step, generation + 1);
    const telling = notify({ key: run.key(`tell ${step}`, generation), event }).then(({ failed }) => {
      if (failed.length > 0) run.note(`Could not be told: ${failed.join(', ')}.`);
    });
    run.inBackground(telling.catch((error: unknown) => {
      if (!isCancellation(error)) run.note('The channel could not be told.');
    }));
  };
}
