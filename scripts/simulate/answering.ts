/** How people answer: at a gate by the update `decide`, on a pull request by a vote; each tells in words what became of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { decide } from '../../starters/decide.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { runs } from './open-runs.ts';
import type { Stage } from './stage.ts';
import type { StoryAnswer } from './story.ts';

/** What somebody answers to. */
export interface Opened {
  workflowId: string;
  /** Since the epoch. */
  openedMs: number;
  /** Of a review: on whose page the vote is cast. */
  pullRequestId: number | null;
}

/** How long, in real time, a gate that people were told of may take until it can be asked. */
const askableWithinMs = 10_000;
/** A gate that opened longer ago and cannot be asked is closed. */
const justNowMs = 30_000;

const inWords = { approve: 'approves', reject: 'rejects', withdraw: 'withdraws from', delegate: 'delegates', defer: 'defers', check: 'checks an item of', bypass: 'breaks the glass of' } as const;

export async function answerGate(stage: Stage, who: string, { gate, verdict, comment, to, until, incident, item, except }: StoryAnswer, { workflowId, openedMs }: Opened): Promise<string> {
  const { client, clock } = stage;
  const nowMs = await clock.nowMs();
  const said = `${who} ${inWords[verdict]} ${gate}${to === undefined ? '' : ` to ${to}`}${comment === undefined ? '' : `: ${comment}`}`;
  try {
    const view = await openGate(stage, workflowId, gate, nowMs - openedMs < justNowMs ? askableWithinMs : 0);
    if (view === null) return `${said} (too late: the gate is closed)`;
    const given = { gate, verdict, by: who, evidence: view.evidence, ...(comment !== undefined && { comment }), ...(to !== undefined && { to }), ...(until !== undefined && { until: new Date(nowMs + until).toISOString() }), ...(incident !== undefined && { incident }), ...(item !== undefined && { item, ok: true }), ...(except !== undefined && { except }) };
    const { counted, reason } = await decide<{ counted?: boolean; reason?: string }>(client.workflow, { workflowId }, given);
    return counted === false ? `${said} (not counted: ${reason ?? 'no reason given'})` : said;
  } catch (error) {
    return `${said} (refused: ${causeOf(error)})`;
  }
}

const votes: Partial<Record<StoryAnswer['verdict'], number>> = { approve: 10, reject: -10, defer: -5, withdraw: 0 };

export async function votePullRequest({ standIn }: Stage, who: string, { verdict, comment = '' }: StoryAnswer, { pullRequestId }: Opened): Promise<string> {
  const said = `${who} ${inWords[verdict]} the pull request${comment === '' ? '' : `: ${comment}`}`;
  try {
    const vote = votes[verdict];
    if (vote === undefined) return `${said} (not counted: a pull request knows no such vote)`;
    await standIn.vote(pullRequestId!, who, vote, { comment });
    return said;
  } catch (error) {
    return `${said} (refused: ${causeOf(error)})`;
  }
}

/** The gate as it is shown, once it can be asked: people are told a moment before. */
async function openGate({ client }: Stage, workflowId: string, gate: string, patienceMs: number): Promise<GateView | null> {
  for (const until = performance.now() + patienceMs; ; await sleep(20)) {
    const view = await client.workflow.getHandle(workflowId).query<GateView | null>('gate');
    if (view?.gate === gate && view.state !== 'decided') return view;
    if (!(await runs(client, workflowId)) || view !== null || performance.now() > until) return null;
  }
}

export function causeOf(error: unknown): string {
  let innermost = error;
  while (innermost instanceof Error && innermost.cause instanceof Error) innermost = innermost.cause;
  return innermost instanceof Error ? innermost.message : String(innermost);
}
