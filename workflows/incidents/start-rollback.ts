import { startOwnRun } from '../blocks/own-run.ts';
import { rollBackModelId, targetLabel } from '../domain/ids.ts';
import { RollBackModelPhase } from '../domain/phases.ts';
import { newestGood, type RollBackModelInput } from '../domain/rollback.ts';
import type { Target } from '../domain/vocabulary.ts';
import type { LastChange } from './last-change-gate.ts';

/** Starts `rollBackModel` by name; it outlives the incident. One that is under way already is joined. */
export async function startRollback(target: Target, { from, to }: LastChange, { incident, title, by }: { incident: string; title: string; by: readonly string[] }): Promise<{ workflowId: string; isNew: boolean }> {
  const workflowId = rollBackModelId(target);
  // What people saw serving is named: where something else serves by then, the rollback says so and does nothing.
  const input: RollBackModelInput = { target, reason: `incident: ${title}`.slice(0, 1000), from, ...(to === null && { to: newestGood }), startedBy: by.join(', '), incident };
  const child = await startOwnRun({ runbook: 'rollBackModel', workflowId, target, phase: RollBackModelPhase.Identify, modelVersion: to ?? 'previous', input, summary: `Roll ${targetLabel(target)} back, approved in an incident` });
  return { workflowId, isNew: child !== null };
}
