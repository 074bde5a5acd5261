/** What a review shows to those who decide: pure functions from figures to card. */
import type { GateCard } from './card.ts';
import { targetLabel } from './ids.ts';
import type { ReviewBypassInput } from './review-bypass.ts';
import type { GateFigures } from './review-gates.ts';
import type { ReviewGroup } from './review-plan.ts';
import { productionGate } from './review-plan.ts';
import { describeCounts, type Counts } from './review-progress.ts';

export interface GroupEvidence {
  group: ReviewGroup;
  figures: GateFigures[];
}

const recommendations = { approve: 'approve: every card recommends it.', look: 'look closely: no card says a clear yes.', reject: 'reject: every card says that it is below threshold.' };

/** One decision over similar circuits, their figures side by side. */
export function groupCard({ group, figures }: GroupEvidence): GateCard {
  const { members, of, column, severity, recommends } = group;
  const plants = [...new Set(members.map(({ target }) => target.plant))];
  const [newest] = [...members].reverse();
  return {
    question: `${of === productionGate ? 'Deploy' : 'Promote'} ${members.length} ${members.length === 1 ? 'release' : 'releases'} of ${column} (${severity}, ${plants.slice(0, 4).join(', ')}${plants.length > 4 ? ` and ${plants.length - 4} more plants` : ''})?`,
    recommendation: recommendations[recommends],
    comparison: median(figures),
    facts: [
      ...members.slice(0, 9).map((member) => line(targetLabel(member.target), member.target.version, figures.find(({ workflowId }) => workflowId === member.workflowId))),
      ...(members.length > 9 ? [`and ${members.length - 9} more, the newest of ${newest!.openedAt.slice(0, 10)}`] : []),
    ],
    change: `approves ${of} of each, rejecting rejects each, as yours. Leave some out: "except": ["${targetLabel(members[0]!.target)}"].${of === productionGate ? ' Deployed in waves.' : ''}`,
    undo: of === productionGate ? 'each release puts back what served before.' : 'none needed; a version in the registry serves nobody.',
  };
}

/** `P001/C001 42-3f2a91c0: MAE 1.90 (production 2.10), R² 0.88 (0.85); MAE of earlier versions: …`. */
function line(label: string, version: string, figures: GateFigures | undefined): string {
  if (!figures) return `${label} ${version}: does not wait any more`;
  const measured = figures.figures.map(({ name, candidate, production }) => `${name} ${candidate} (${production})`).join(', ');
  return `${label} ${version}: ${measured === '' ? figures.recommendation : measured}${figures.history === null ? '' : `; ${figures.history}`}`;
}

/** The middle of each figure, so that one screen holds any number of releases. */
function median(figures: readonly GateFigures[]): GateCard['comparison'] {
  const names = [...new Set(figures.flatMap((gate) => gate.figures.map(({ name }) => name)))].slice(0, 4);
  if (names.length === 0) return null;
  const middle = (name: string, side: 'candidate' | 'production'): string => {
    const values = figures.flatMap((gate) => gate.figures.filter((figure) => figure.name === name).map((figure) => Number(figure[side]))).filter(Number.isFinite).sort((one, other) => one - other);
    return values.length === 0 ? 'none' : values[Math.floor(values.length / 2)]!.toPrecision(4);
  };
  return { measuredOn: `median of ${figures.length}`, figures: names.map((name) => ({ name, candidate: middle(name, 'candidate'), production: middle(name, 'production') })) };
}

/** More went wrong than the budget allows: shall the next wave begin all the same? */
export function nextWaveCard({ wave, planned, counts, lost, budget }: { wave: number; planned: number; counts: Counts; lost: readonly string[]; budget: number }): GateCard {
  return {
    question: `Begin wave ${wave} of ${planned} although ${lost.length} ${lost.length === 1 ? 'release' : 'releases'} failed or were taken back?`,
    recommendation: `look closely: the failure budget is ${budget}.`,
    comparison: null,
    facts: [`so far: ${describeCounts(counts)}`, ...lost.slice(0, 8)],
    change: `goes on with the waves and takes the ${lost.length} as known. Rejecting leaves the rest waiting at their own gates.`,
    undo: 'each release puts back what served before.',
  };
}

/** Somebody passed a gate alone: was that right? */
export function bypassCard({ run, gate, by, reason, incident }: ReviewBypassInput): GateCard {
  const what = run.target === null ? run.workflowId : `${targetLabel(run.target)} ${run.target.version}`;
  return {
    question: `Was it right that ${by} passed ${gate} of ${what} alone?`,
    recommendation: 'look closely: nobody else had approved it.',
    comparison: null,
    facts: [`their reason: ${reason}`, `incident ${incident}`, `run ${run.workflowId}`],
    change: 'closes the review as justified. Rejecting closes it with a finding in the record of the run.',
    undo: 'none; what the bypass let through stays as it is.',
  };
}
