/**
 * Which gates the decisions of an approval in Azure Pipelines or a classic release answer: for the receiver, which signs and sends them, and for the reconciliation of missed hooks, which
 * shows those that nobody has sent.
 *
 * A tag of the run or release says which gate is meant, and counts only if it was seen there before that person decided (`TagSightings` says why and how); the estate may name whose stages
 * count for which gate; the commit that was built must be that of the release's own pull request, so that a tag alone leads nobody's approval elsewhere.
 */
import { readApprovalTag, type ApprovalSource, type ApprovalTag } from '../../workflows/domain/approval-tag.ts';
import type { ApprovalAnswer } from '../../workflows/domain/azure-approval.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import { releaseModelId, targetLabel } from '../../workflows/domain/ids.ts';
import { canonicalPerson, type Person } from '../../workflows/domain/policy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { isFailure } from '../http/classify.ts';
import { sourceProblem } from './approval-sources.ts';
import type { ApprovalRef, AzureApproval, AzureDecision } from './approvals.ts';
import type { TagSightings } from './tag-sightings.ts';

export interface ApprovalRules {
  releaseBranch: string;
  people: readonly Person[];
  /** Whether a target's training is done by a build pipeline. */
  accompanies: (target: Target) => boolean;
  /** Whose approvals count; null: those of any stage. */
  sources: readonly ApprovalSource[] | null;
}

export interface ApprovalReading {
  /** Null where there is none. Throws classified failures. */
  readApproval: (ref: ApprovalRef) => Promise<AzureApproval | null>;
  /** Names of the stage that an approval is of; empty where it cannot be found. */
  stagesOf: (approval: AzureApproval) => Promise<string[]>;
  /** Ids of the completed pull requests into the branch whose merge made the commit. */
  pullRequestsOf: (source: NonNullable<AzureApproval['source']>, releaseBranch: string) => Promise<number[]>;
  sightings: Pick<TagSightings, 'note' | 'wasBefore'>;
}

/** Reads an approval, and notes which tags its run carries by now. */
export async function seeApproval({ readApproval, sightings }: Pick<ApprovalReading, 'readApproval' | 'sightings'>, ref: ApprovalRef): Promise<AzureApproval | null> {
  const approval = await readApproval(ref);
  if (approval !== null) sightings.note(approval);
  return approval;
}

/** What the decisions of an approval answer; `ignored` says why they answer nothing at all. @throws the platform's classified failures */
export async function answersOf(reading: Omit<ApprovalReading, 'readApproval'>, rules: ApprovalRules, approval: AzureApproval): Promise<{ answers: ApprovalAnswer[] } | { ignored: string }> {
  const { ref, where, tags, source, decisions } = approval;
  const named = tags.flatMap((text) => {
    const tag = readApprovalTag(text);
    return tag === undefined ? [] : [{ ...tag, text }];
  });
  if (decisions.length === 0) return { ignored: `nobody has decided approval ${ref.id} yet; ${named.length === 0 ? `${where} carries no tag of Holdpoint's` : `seen on ${where}: ${named.map(({ text }) => text).join(', ')}`}` };
  if (named.length === 0) return { ignored: `${where} carries no tag holdpoint.<gate>.<plant>.<circuit>.<version>` };
  if (source === null) return { ignored: `${where} leads to no build of a repository` };
  const pullRequests = await reading.pullRequestsOf(source, rules.releaseBranch).catch((error: unknown) => {
    if (isFailure(error, FailureType.NotFound)) return [];
    throw error;
  });

  // One person's click must not pass two gates of one release, of which only one was open.
  const twice = named.find((tag) => named.some((other) => other.gate !== tag.gate && releaseModelId(other.target, other.version) === releaseModelId(tag.target, tag.version)));
  if (twice) return { ignored: `${where} names two gates of ${targetLabel(twice.target)} ${twice.version}: an approval answers one` };

  const stages = rules.sources === null ? [] : await reading.stagesOf(approval);
  return { answers: named.flatMap((tag) => decisions.map((decision) => answerOf(reading, rules, { approval, stages, pullRequests, repositoryId: source.repositoryId }, tag, decision))) };
}

/** An approval, with the names of its stage and the pull requests whose commit was built. */
interface Told {
  approval: AzureApproval;
  stages: readonly string[];
  pullRequests: number[];
  repositoryId: string;
}

function answerOf({ sightings }: Pick<ApprovalReading, 'sightings'>, rules: ApprovalRules, { approval, stages, pullRequests, repositoryId }: Told, { gate, target, version, text }: ApprovalTag & { text: string }, decision: AzureDecision): ApprovalAnswer {
  const { ref, where } = approval;
  const { verdict } = decision;
  const by = canonicalPerson(rules.people, decision.by);
  const said = decision.comment.trim();
  const comment = `${verdict === 'approve' ? 'approved' : 'rejected'} in Azure DevOps, ${where}, at ${decision.at}${said === '' ? '' : `: ${said}`}`;
  const problem = (): string | null => {
    if (!rules.people.some(({ id }) => id === by)) return `${decision.by} is nobody in the estate's people`;
    if (!rules.accompanies(target)) return `${targetLabel(target)} is not accompanied: its gates are answered in Holdpoint`;
    const foreign = rules.sources === null ? null : sourceProblem(rules.sources, approval, stages, gate);
    if (foreign !== null) return foreign;
    return sightings.wasBefore(ref, text, decision.by) ? null : `${where} was not seen with the tag ${text} before ${decision.by} decided: a tag that is added later counts for nobody. Decide in the inbox`;
  };
  return { approval: `${ref.kind}:${ref.id}`, where, workflowId: releaseModelId(target, version), gate, by, verdict, comment, repositoryId, pullRequests, refused: problem() };
}
