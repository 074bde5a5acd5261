/** What somebody who looks at a run may do now. */
import { IncidentPhase } from '../../workflows/domain/incident.ts';
import type { CircuitResult, ReleaseModelInput } from '../../workflows/domain/release.ts';
import type { RollBackModelResult } from '../../workflows/domain/rollback.ts';
import { coordinateIncident, releaseModel, rollBackModel, runbooks } from '../runbooks.ts';
import { holdpoint, startCommand } from '../command-line.ts';
import type { RunDetails } from './run-details.ts';

/** Lines of text; commands as they are typed. */
export function nextSteps(run: RunDetails, evidence: string | null): string {
  const { workflowId, runbook, status, outcome, gate, result } = run;
  if (gate !== null) {
    const answer = `${workflowId} --gate ${gate.id} --as <${gate.approvers.join('|')}>${evidence === null ? '' : ` --evidence ${evidence}`}`;
    return `${holdpoint} approve ${answer}\n${holdpoint} reject ${answer} --reason "<why>"`;
  }
  if (status === 'Running' && run.frozen) return `It goes on by itself when the freeze ends. If it cannot wait:\n${holdpoint} override-freeze ${workflowId} --reason "<why>"`;
  if (status === 'Running' && runbook === coordinateIncident.name) return incidentSteps(run);
  if (status === 'Running') return `Nothing is asked of you. \`${holdpoint} cancel ${workflowId}\` stops it.`;
  if (runbook === releaseModel.name && outcome !== 'succeeded') return releaseModel.insteadOfAgain!(run.input as ReleaseModelInput, { reason: '<why>' });
  const offered = runbook === rollBackModel.name ? ((result as RollBackModelResult | null)?.offered ?? null) : null;
  if (offered !== null) return `The newest version recorded good is ${offered}:\n${startCommand(runbook, { ...asked(run.input), to: offered })}`;
  const released = ((result as { circuits?: CircuitResult[] } | null)?.circuits ?? []).flatMap((circuit) => (circuit.state === 'released' ? [`${holdpoint} show ${circuit.workflowId}`] : []));
  if (released.length > 0) return released.join('\n');
  if (outcome === 'succeeded') return 'Nothing: it is done.';
  const known = runbooks.find(({ name }) => name === runbook);
  if (!known) return 'Correct what is said above. A run like this one is started by what it is about, not by hand.';
  return `Correct what is said above, then:\n${startCommand(runbook, asked(run.input), known.isRepeatable ? undefined : '<why>')}`;
}

/** An input without who started that run and why again: it is somebody else's, another time. */
function asked(input: unknown): object {
  const { startedBy: _whoever, again: _before, ...rest } = input as { startedBy?: string; again?: object };
  return rest;
}

/** An incident ends when people say so: to stop its run would leave it to nobody. */
function incidentSteps({ workflowId, phase }: RunDetails): string {
  const shown = `\`${holdpoint} incident ${workflowId}\` shows its clocks and its timeline.`;
  return phase === IncidentPhase.Alert ? `Acknowledge it:\n${holdpoint} incident ${workflowId} acknowledge --as <you>\n${shown}` : shown;
}
