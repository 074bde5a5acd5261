/** What somebody who was woken should do first, by what is known. Pure: the rules are tried in this order, and the first that fits decides. */
import { targetLabel } from '../../workflows/domain/ids.ts';
import { RollBackModelPhase } from '../../workflows/domain/phases.ts';
import { holdpoint, startCommand } from '../command-line.ts';
import type { NextStep, NowFacts, OpenGateNow } from './report.ts';

/** So long after a change of production an alert is taken for its doing, in milliseconds. */
const recentMs = 24 * 3_600_000;

/** A hold names anybody: only what is the id of an incident becomes a part of a command. */
const incidentId = /^coordinateIncident:[A-Za-z0-9._%-]+$/;

type Decided = Omit<NextStep, 'rule'>;
type Rule = (facts: NowFacts) => Decided | null;

/** Names are stable: scripts read them. */
const rules: Record<string, Rule> = {
  rollbackUnderWay: ({ runs }) => {
    const run = runs?.find(({ runbook, phase }) => runbook === 'rollBackModel' && phase !== RollBackModelPhase.Monitoring);
    return run ? { what: 'Follow the rollback that is under way', why: `${run.workflowId} is ${run.phase ?? 'running'}`, commands: [show(run.workflowId)] } : null;
  },

  rollbackOffered: (facts) => {
    const gate = facts.gates?.find((open) => open.gate === 'rollback');
    return gate ? { what: `Decide on the rollback that ${gate.workflowId} offers`, why: `${gate.question} Silence: ${gate.silence}`, commands: answers(gate, facts) } : null;
  },

  rollBack: (facts) => {
    const { target, lastChange, serving } = facts;
    const alert = gravest(facts);
    if (!alert || !lastChange || !serving?.exists || !broughtByRelease(facts) || isRunning(facts, 'rollBackModel')) return null;
    const { rollback } = serving;
    const to = rollback === null ? null : (rollback.to ?? rollback.newestGood);
    if (rollback !== null && to === null) return null;
    const input = { target, reason: `Alert ${alert.rule} fires since ${serving.version ?? 'the last change'} was released`, alert: { name: alert.rule, id: alert.id }, ...(rollback?.to === null && { to }) };
    return {
      what: `Roll back to ${to ?? 'the previous version'}`,
      why: `${alert.rule} fires, and ${serving.version ?? 'another version'} came within the last day${rollback === null ? '; the registry was not read, the rollback looks for itself' : rollback.to === null ? `; ${rollback.refused}, so to the newest good one` : ''}`,
      commands: [startCommand('rollBackModel', input)],
    };
  },

  acknowledge: ({ incidents, person }) => {
    const incident = incidents?.find(({ acknowledgedBy }) => acknowledgedBy === null);
    return incident ? { what: 'Acknowledge the incident', why: `${incident.severity ?? ''} ${incident.title ?? incident.workflowId}: nobody has yet`.trim(), commands: [`${holdpoint} incident ${incident.workflowId} acknowledge --as ${person ?? '<you>'}`] } : null;
  },

  recoverJob: (facts) => {
    const { target, lastJob } = facts;
    if (lastJob?.status !== 'Failed' || isRunning(facts, 'recoverBatchJob')) return null;
    return { what: 'Recover the failed batch job', why: `${lastJob.jobName}, the newest of the deployment, failed${lastJob.error === null ? '' : `: ${lastJob.error}`}`, commands: [startCommand('recoverBatchJob', { target, jobName: lastJob.jobName })] };
  },

  investigate: (facts) => {
    const alert = gravest(facts);
    if (!alert || isRunning(facts, 'investigateDegradation')) return null;
    const why = facts.lastChange === null ? 'when production changed last is not known' : broughtByRelease(facts) ? (facts.serving?.rollback?.refused ?? 'there is nothing to go back to') : 'no release within the last day can be its cause';
    return { what: 'Find out why the predictions became worse', why: `${alert.rule} fires, and ${why}`, commands: [startCommand('investigateDegradation', { target: facts.target, alert: { name: alert.rule, id: alert.id } })] };
  },

  yourAnswer: (facts) => {
    const gate = facts.gates?.find(({ eligible }) => facts.person !== null && eligible.includes(facts.person));
    return gate ? { what: `Decide gate ${gate.gate} of ${gate.workflowId}: it waits for you`, why: `${gate.question} Silence: ${gate.silence}`, commands: answers(gate, facts) } : null;
  },

  incident: ({ incidents }) => {
    const incident = incidents?.[0];
    return incident ? { what: 'Go on with the incident', why: `${incident.severity ?? ''} ${incident.title ?? incident.workflowId}`.trim(), commands: [`${holdpoint} incident ${incident.workflowId}`] } : null;
  },

  somebodysAnswer: (facts) => {
    const gate = facts.gates?.[0];
    return gate ? { what: `Gate ${gate.gate} of ${gate.workflowId} waits for ${gate.eligible.join(', ') || 'nobody who may decide'}`, why: `${gate.question} Silence: ${gate.silence}`, commands: answers(gate, facts) } : null;
  },

  changedByHand: ({ findings, lastChange }) => {
    const [finding] = findings;
    return finding === undefined ? null : { what: 'Find out who changed production', why: finding, commands: [`${holdpoint} audit --period ${lastChange?.at.slice(0, 10) ?? '<day>'}`] };
  },

  releasesHeld: ({ stops }) => {
    const [hold] = stops ?? [];
    return hold ? { what: 'Nothing but to know: releases are held back', why: `${hold.by}: ${hold.reason}`, commands: incidentId.test(hold.by) ? [`${holdpoint} incident ${hold.by}`] : [] } : null;
  },

  frozen: ({ freezes, target }) => {
    const [freeze] = freezes ?? [];
    return freeze ? { what: 'Nothing but to know: releases are frozen, a rollback is not', why: `${freeze.name}: ${freeze.reason}; until ${freeze.until ?? 'nobody knows when'}`, commands: [`${holdpoint} freezes ${targetLabel(target)}`] } : null;
  },

  unread: ({ unread, target, runs, serving }) => {
    const isBlind = runs === null && serving === null;
    return unread.length > 0 ? { what: isBlind ? 'Nothing is known: look at Temporal Web UI and at the platforms themselves' : 'Nothing to do by what could be read; ask again, or look where it was not read', why: `not read: ${[...new Set(unread.map(({ source }) => source))].join(', ')}`, commands: [`${holdpoint} now ${targetLabel(target)}`] } : null;
  },

  runs: ({ runs }) => {
    const [run] = runs ?? [];
    return run ? { what: 'Nothing: a run is under way and asks nobody', why: `${run.workflowId} is ${run.phase ?? 'running'}`, commands: [show(run.workflowId)] } : null;
  },
};

/** The one thing to do now. */
export function nextStep(facts: NowFacts): NextStep {
  for (const [rule, decide] of Object.entries(rules)) {
    const decided = decide(facts);
    if (decided) return { rule, ...decided };
  }
  return { rule: 'nothing', what: 'Nothing: all is quiet', why: 'no alert fires, nothing runs, nobody is asked', commands: [] };
}

/** The gravest alert that the estate counts. */
function gravest({ alerts }: NowFacts) {
  return alerts?.find(({ isBreach }) => isBreach);
}

function isRunning({ runs }: NowFacts, runbook: string): boolean {
  return (runs ?? []).some((run) => run.runbook === runbook);
}

/** A rollback, a remedy or another environment is no release: going back a version would not undo it. A change without a run may have brought a version. */
function broughtByRelease({ at, lastChange }: NowFacts): boolean {
  if (!lastChange || Date.parse(at) - Date.parse(lastChange.at) > recentMs) return false;
  return lastChange.run === null || lastChange.run.startsWith('releaseModel:');
}

function answers({ workflowId, gate, evidence, eligible }: OpenGateNow, { person }: NowFacts): string[] {
  const by = person !== null && eligible.includes(person) ? person : `<${eligible.join('|')}>`;
  const answer = `${workflowId} --gate ${gate} --as ${by} --evidence ${evidence}`;
  return [`${holdpoint} approve ${answer}`, `${holdpoint} reject ${answer} --reason "<why>"`];
}

function show(workflowId: string): string {
  return `${holdpoint} show ${workflowId}`;
}
