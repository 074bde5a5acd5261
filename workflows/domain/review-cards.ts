/** What a review shows to those who decide: pure functions from figures to card. */
import type { GateCard } from './card.ts';
import { targetLabel } from './ids.ts';
import type { ReviewBypassInput } from './review-bypass.ts';
import type { GateFigures } from './review-gates.ts';
import { byteLength, memberName, nameLines, namesBytes } from './review-pages.ts';
import { productionGate, type Member, type ReviewGroup } from './review-plan.ts';
import { describeCounts, type Counts } from './review-progress.ts';

/** Members with a line of their own. */
const mostLines = 9;

export interface GroupEvidence {
  group: ReviewGroup;
  figures: GateFigures[];
}

const recommendations = { approve: 'approve: every card recommends it.', look: 'look closely: no card says a clear yes.', reject: 'reject: every card says that it is below threshold.' };

/** One decision over similar circuits, their figures side by side. */
export function groupCard({ group, figures }: GroupEvidence): GateCard {
  const { members, of, column, severity, recommends } = group;
  const plants = [...new Set(members.map(({ target }) => target.plant))];
  return {
    question: `${of === productionGate ? 'Deploy' : 'Promote'} ${members.length} ${members.length === 1 ? 'release' : 'releases'} of ${column} (${severity}, ${plants.slice(0, 4).join(', ')}${plants.length > 4 ? ` and ${plants.length - 4} more plants` : ''})?`,
    recommendation: recommendations[recommends],
    comparison: median(figures),
    facts: facts(members, figures),
    change: `approves ${of} of each, rejecting rejects each, as yours. Leave some out: "except": ["${targetLabel(members[0]!.target)}"].${of === productionGate ? ' Deployed in waves.' : ''}`,
    undo: of === productionGate ? 'each release puts back what served before.' : 'none needed; a version in the registry serves nobody.',
  };
}

/** Each member with its figures where there is room for that; otherwise all names, and within which figures they are. */
function facts(members: readonly Member[], figures: readonly GateFigures[]): string[] {
  const lines = members.map((member) => line(memberName(member), figures.find(({ workflowId }) => workflowId === member.workflowId)));
  if (lines.length <= mostLines && lines.every((each) => each.length <= 200) && byteLength(lines.join('')) <= namesBytes) return lines;
  return [ranges(figures), ...nameLines(members)].filter((each) => each !== '');
}

/** `MAE 1.80 to 1.95 (production 2.05 to 2.10)`: the worst of all members is within. */
function ranges(figures: readonly GateFigures[]): string {
  const range = (name: string, side: 'candidate' | 'production'): string => {
    const values = valuesOf(figures, name, side);
    return values.length === 0 ? 'none' : values[0] === values.at(-1) ? values[0]!.toPrecision(4) : `${values[0]!.toPrecision(4)} to ${values.at(-1)!.toPrecision(4)}`;
  };
  return namesOf(figures).map((name) => `${name} ${range(name, 'candidate')} (production ${range(name, 'production')})`).join(', ');
}

/** `P001/C001 42-3f2a91c0: MAE 1.90 (production 2.10), R² 0.88 (0.85); MAE of earlier versions: …`. */
function line(name: string, figures: GateFigures | undefined): string {
  if (!figures) return `${name}: does not wait any more`;
  const measured = figures.figures.map(({ name: figure, candidate, production }) => `${figure} ${candidate} (${production})`).join(', ');
  return `${name}: ${measured === '' ? figures.recommendation : measured}${figures.history === null ? '' : `; ${figures.history}`}`;
}

/** The middle of each figure, so that one screen holds any number of releases. */
function median(figures: readonly GateFigures[]): GateCard['comparison'] {
  const names = namesOf(figures);
  if (names.length === 0) return null;
  const middle = (name: string, side: 'candidate' | 'production'): string => {
    const values = valuesOf(figures, name, side);
    return values.length === 0 ? 'none' : values[Math.floor(values.length / 2)]!.toPrecision(4);
  };
  return { measuredOn: `median of ${figures.length}`, figures: names.map((name) => ({ name, candidate: middle(name, 'candidate'), production: middle(name, 'production') })) };
}

function namesOf(figures: readonly GateFigures[]): string[] {
  return [...new Set(figures.flatMap((gate) => gate.figures.map(({ name }) => name)))].slice(0, 4);
}

/** Ascending. */
function valuesOf(figures: readonly GateFigures[], name: string, side: 'candidate' | 'production'): number[] {
  return figures.flatMap((gate) => gate.figures.filter((figure) => figure.name === name).map((figure) => Number(figure[side]))).filter(Number.isFinite).sort((one, other) => one - other);
}

export interface NextWave {
  wave: number;
  /** As many as are known to come. */
  planned: number;
  counts: Counts;
  /** Ids of those that failed or were taken back. */
  lost: readonly string[];
  budget: number;
  /** Ids of those that should be in production by now, and of which nobody knows. */
  waiting: readonly string[];
}

/** More went wrong than the budget allows, or it is not known how a wave went: shall the next one begin all the same? */
export function nextWaveCard({ wave, planned, counts, lost, budget, waiting }: NextWave): GateCard {
  const releases = (ids: readonly string[]) => `${ids.length} ${ids.length === 1 ? 'release' : 'releases'}`;
  const reasons = [...(lost.length > budget ? [`${releases(lost)} failed or were taken back`] : []), ...(waiting.length > 0 ? [`${releases(waiting)} did not come to production in time`] : [])];
  return {
    question: `Begin wave ${wave} of ${planned} although ${reasons.join(' and ')}?`,
    recommendation: `look closely: the failure budget is ${budget}.`,
    comparison: null,
    facts: [`so far: ${describeCounts(counts)}`, ...lost.slice(0, 5).map((id) => `lost: ${id}`), ...waiting.slice(0, 5).map((id) => `still under way: ${id}`)],
    change: `goes on with the waves and takes the ${lost.length + waiting.length} as known. Rejecting leaves the rest waiting at their own gates.`,
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
