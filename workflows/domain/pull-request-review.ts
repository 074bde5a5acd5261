/** What people's votes on a pull request of Holdpoint's mean: pure, and by the estate's names. */
import { clip } from './answer.ts';
import type { Judgement, ReviewStanding, ReviewTerms, Vote } from './configuration-change.ts';
import { jsonDigest, shortDigest } from './digest.ts';
import { canonicalPerson } from './policy.ts';

const approves = ({ vote }: Vote): boolean => vote >= 5;
const rejects = ({ vote }: Vote): boolean => vote === -10;
const words: Record<string, string> = { '10': 'approved', '5': 'approved with suggestions', '-5': 'waits for the author', '-10': 'rejected' };

/**
 * A vote counts by whom the estate names as reviewer, under any alias. Whoever asked for the change may reject it, never approve it. What was changed by hand on the branch is for
 * people to merge: nobody has approved it through this run.
 */
export function judge({ status, mergeStatus, sourceCommit, votes, closedBy }: ReviewStanding, { people, reviewers, excluded, commit }: ReviewTerms): Judgement {
  const named = votes.map((vote) => ({ ...vote, by: canonicalPerson(people, vote.by) }));
  const counting = named.filter(({ by }) => reviewers.includes(by));
  const approvals = counting.filter((vote) => approves(vote) && !excluded.includes(vote.by)).map(({ by }) => by);
  if (status === 'completed') return { kind: 'merged', by: closedBy && canonicalPerson(people, closedBy), reviewedBy: approvals };
  if (status === 'abandoned') return { kind: 'abandoned', by: closedBy && canonicalPerson(people, closedBy) };
  const rejection = counting.find(rejects);
  if (rejection) return { kind: 'rejected', by: rejection.by, comment: rejection.comment };
  if (mergeStatus === 'conflicts') return { kind: 'waiting', for: 'somebody who resolves the conflict with the target branch' };
  if (sourceCommit !== commit) return { kind: 'waiting', for: `somebody who merges it: the branch was changed by hand (${sourceCommit?.slice(0, 8) ?? 'no commit'})` };
  const author = counting.find(({ vote }) => vote === -5);
  if (author) return { kind: 'waiting', for: `an answer to ${author.by}, who waits for the author` };
  if (approvals.length === 0) return { kind: 'waiting', for: `the vote of ${reviewers.filter((person) => !excluded.includes(person)).join(' or ')}` };
  return { kind: 'approved', by: approvals };
}

/** Who voted how, one phrase each. */
export function votesInWords(votes: readonly Vote[]): string[] {
  return votes.map(({ by, vote, comment }) => `${by} ${words[String(vote)] ?? `voted ${vote}`}${comment === '' ? '' : `: ${clip(comment, 120)}`}`);
}

/** The same for the same standing, so that news that tells nothing new wakes nobody. */
export function standingDigest(standing: ReviewStanding): string {
  return shortDigest(jsonDigest(standing));
}

/** A pull request names, where its page does not show it, the run that follows it: service hooks find the run by it. */
export function runMarker(workflowId: string): string {
  return `${markerStart}${workflowId} -->`;
}

const markerStart = '<!-- holdpoint:run ';

/** The description with a line more, above the marker, or at the end where people took that away. */
export function withLine(description: string, line: string): string {
  const at = description.lastIndexOf(markerStart);
  return at < 0 ? `${description}\n\n${line}` : `${description.slice(0, at)}${line}\n\n${description.slice(at)}`;
}

const followers = ['updateTrainingConfig', 'retrainOnDrift'];

/** The run that a pull request's description names; null where it names none that follows pull requests. People may edit the text: a run that is woken looks for itself. */
export function followerOf(description: string | undefined): string | null {
  const workflowId = /<!-- holdpoint:run ([A-Za-z0-9._:%-]{1,300}) -->/.exec(description ?? '')?.[1] ?? null;
  return workflowId !== null && followers.includes(workflowId.split(':')[0]!) ? workflowId : null;
}

const requesterTrailer = 'Holdpoint-Requested-By';

/** A commit's message: what, for whom, by which step of which run. The last two lines are what a later attempt, and a release, find. */
export function commitMessage(title: string, requestedBy: string | null, key: string): string {
  return [title, '', ...(requestedBy === null ? [] : [`${requesterTrailer}: ${requestedBy.replace(/\s+/g, ' ')}`]), keyTrailer(key)].join('\n');
}

export function keyTrailer(key: string): string {
  return `Holdpoint-Key: ${key}`;
}

/** For whom commits were made, by their messages: they may not approve what is released of it. */
export function requestersIn(messages: readonly string[]): string[] {
  const lines = messages.flatMap((message) => message.split('\n'));
  return [...new Set(lines.filter((line) => line.startsWith(`${requesterTrailer}: `)).map((line) => line.slice(requesterTrailer.length + 2).trim()))];
}
