/** An open gate as others see it: status, card, query, and what people are told. */
import { workflowInfo } from '@temporalio/workflow';
import { clip } from '../domain/answer.ts';
import { shortList } from '../domain/card-text.ts';
import type { OpenCard } from '../domain/card.ts';
import { shortDigest } from '../domain/digest.ts';
import type { GateEvent } from '../domain/gate-event.ts';
import type { GateView } from '../domain/gate-view.ts';
import { inboxGateUrl } from '../domain/inbox-address.ts';
import { canonicalPerson } from '../domain/policy.ts';
import type { GateStatus } from '../domain/run-status.ts';
import { answeredChecklist, unansweredItems } from './checklist.ts';
import { measureOf } from './evidence-again.ts';
import type { OpenGate } from './open-gate.ts';
import type { Run } from './run.ts';

export function gateStatus(open: OpenGate): GateStatus {
  return { id: open.gate, openedAt: open.openedAt, deadline: open.deadline, quorum: open.policy.quorum, approvers: open.eligible };
}

export function openCard(open: OpenGate): Omit<OpenCard, 'lastAnswer'> {
  const { card, gate, evidenceDigest, policy, ballot, request, deadline, standing, changes, effectiveAt } = open;
  return {
    card,
    gate,
    evidence: shortDigest(evidenceDigest),
    approvers: shortList(open.eligible),
    quorum: policy.quorum,
    approvedBy: shortList(ballot.decisions.filter(({ verdict }) => verdict === 'approve').map(({ by, onBehalfOf }) => (onBehalfOf === null ? by : `${by} for ${onBehalfOf}`))),
    missingGroups: standing.state === 'open' ? standing.missingGroups : [],
    silence: request.silence,
    deadline,
    neverDue: open.neverDue,
    effectiveAt,
    identity: policy.identity,
    changes,
    isLast: open.isLast,
    warning: open.crowd,
    answered: answeredChecklist(open).filter(({ ok }) => ok === true).map(({ id }) => id),
    unanswered: answeredChecklist(open).filter(({ ok }) => ok !== true).map(({ id, ok, comment }) => (ok === false ? `${id} (${clip(comment, 120)})` : id)),
    proposals: open.proposals.map(({ by, verdict }) => `${by} (${verdict})`),
    inbox: !request.inboxUrl ? null : inboxGateUrl(request.inboxUrl, workflowInfo().workflowId),
  };
}

export function gateView(open: OpenGate, run: Run): GateView {
  const { workflowId, firstExecutionRunId, workflowType } = workflowInfo();
  const { request, ballot, policy, standing, card } = open;
  return {
    workflowId,
    runId: firstExecutionRunId,
    runbook: workflowType,
    target: run.target,
    gate: open.gate,
    generation: open.generation,
    state: open.isSettled ? 'decided' : unansweredItems(open).length === 0 ? 'open' : 'checklist',
    openedAt: open.openedAt,
    deadline: open.deadline,
    neverDue: open.neverDue,
    effectiveAt: open.effectiveAt,
    silence: request.silence,
    card,
    evidence: shortDigest(open.evidenceDigest),
    items: open.measured.items,
    measuredAgain: measureOf(open) !== null,
    parts: [...(request.parts ?? [])],
    changes: [...open.changes],
    policy,
    eligible: open.eligible,
    requestedBy: requesters(open),
    decisions: ballot.decisions.map(({ verdict, by, onBehalfOf, level, comment, at }) => ({ verdict, by, onBehalfOf, level, comment, at })),
    missing: standing.state === 'open' ? standing.missing : 0,
    missingGroups: standing.state === 'open' ? standing.missingGroups : [],
    proposals: open.proposals,
    checklist: answeredChecklist(open),
  };
}

export function gateEvent(open: OpenGate, run: Run, kind: GateEvent['kind'], text: string, to: readonly string[]): GateEvent {
  const { workflowId, firstExecutionRunId, workflowType } = workflowInfo();
  const { card, gate, generation, policy, deadline } = open;
  return {
    kind, severity: policy.severity, runbook: workflowType, workflowId, runId: firstExecutionRunId, target: run.target, gate, generation,
    question: card.question, recommendation: card.recommendation, comparison: card.comparison, text, evidence: shortDigest(open.evidenceDigest), deadline, to: [...to],
  };
}

export function openedEvent(open: OpenGate, run: Run): GateEvent {
  const { card, deadline, request, changes } = open;
  const again = changes.length > 0 ? `Asked again, for what was decided on changed (${changes.join('; ')}): ` : '';
  return gateEvent(open, run, 'opened', `${again}${card.question} ${card.recommendation} Until ${deadline}: ${request.silence}`, open.eligible);
}

function requesters({ request, people }: OpenGate): string[] {
  return [...new Set(request.requestedBy.map((name) => canonicalPerson(people, name)))];
}
