/**
 * From "this approval was given" in Azure Pipelines or a classic release to an answer at a gate.
 *
 * Who, what and when are read by REST; a tag of the run or release says which gate is meant, and counts only if it was seen there before that person decided (`TagSightings` says why and
 * how); the estate may name whose stages count for which gate; the commit that was built must be that of the release's own pull request, so that a tag alone leads nobody's approval
 * elsewhere. The answer is signed: Azure DevOps knew who it was. It carries no evidence digest, for that person saw Azure DevOps' page and not the card,
 * and so counts only where the policy does not bind evidence; elsewhere it is shown as a proposal.
 */
import type { ApprovalRef, AzureApproval, AzureDecision } from '../../activities/azure-devops/approvals.ts';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { Answer } from '../../workflows/domain/answer.ts';
import { readApprovalTag, type ApprovalTag } from '../../workflows/domain/approval-tag.ts';
import { releaseModelId, targetLabel } from '../../workflows/domain/ids.ts';
import { canonicalPerson, type Person } from '../../workflows/domain/policy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { isFailure } from '../../activities/http/classify.ts';
import type { SignDecision } from '../decision-signer.ts';
import { sourceProblem, type ApprovalSource } from './approval-sources.ts';
import type { HookOutcome, SentDecision } from './release-completed.ts';
import type { TagSightings } from './tag-sightings.ts';

export interface ApprovalRules {
  releaseBranch: string;
  people: readonly Person[];
  /** Whether a target's training is done by a build pipeline. */
  accompanies: (target: Target) => boolean;
  /** Whose approvals count; null: those of any stage. */
  sources: readonly ApprovalSource[] | null;
}

/** A run of `releaseModel`, as far as an approval needs it. */
export interface ReleaseRun {
  /** First run id: what a signed decision names. */
  runId: string;
  pullRequest: { id: number; repositoryId: string };
  /** Id of the gate that is open; null: none is. */
  gate: string | null;
  /** Whether that gate counts only answers that carry the digest of its evidence. */
  bindsEvidence: boolean;
  isOpen: boolean;
}

export interface ApprovalPorts {
  /** Null where no target is accompanied. */
  rules: () => Promise<ApprovalRules | null>;
  /** Null where there is none. Throws classified failures, and TryLater. */
  readApproval: (ref: ApprovalRef) => Promise<AzureApproval | null>;
  /** Names of the stage that an approval is of; empty where it cannot be found. */
  stagesOf: (approval: AzureApproval) => Promise<string[]>;
  sightings: Pick<TagSightings, 'note' | 'wasBefore'>;
  /** Ids of the completed pull requests into the branch whose merge made the commit. */
  pullRequestsOf: (source: NonNullable<AzureApproval['source']>, releaseBranch: string) => Promise<number[]>;
  /** Null where there is no such run. */
  readRelease: (workflowId: string) => Promise<ReleaseRun | null>;
  sign: SignDecision;
  /** Shows an answer at the gate that cannot count as it is, once; false where the gate does not want it. */
  propose: (workflowId: string, answer: Answer & Required<Pick<Answer, 'gate' | 'by' | 'verdict'>>) => Promise<boolean>;
  /** Sends the answer; one that is refused comes back with the reason. */
  send: (workflowId: string, answer: Answer, key: readonly string[]) => Promise<{ counted: boolean; reason?: string }>;
}

/** Sends every decision of an approval to the gates that its run's tags name. @throws the platform's classified failures, and TryLater */
export async function approvalGiven(ports: ApprovalPorts, ref: ApprovalRef): Promise<HookOutcome> {
  const rules = await ports.rules();
  if (rules === null) return { ignored: 'the estate accompanies no build pipeline' };
  const approval = await seeApproval(ports, ref);
  return approval === null ? { ignored: `approval ${ref.id} does not exist in this project, or may not be read` } : await answerGates(ports, rules, approval);
}

/** Reads an approval, and notes which tags its run carries by now. */
export async function seeApproval({ readApproval, sightings }: Pick<ApprovalPorts, 'readApproval' | 'sightings'>, ref: ApprovalRef): Promise<AzureApproval | null> {
  const approval = await readApproval(ref);
  if (approval !== null) sightings.note(approval);
  return approval;
}

/** The same for an approval that has been seen already. */
export async function answerGates(ports: ApprovalPorts, rules: ApprovalRules, approval: AzureApproval): Promise<HookOutcome> {
  const { ref, where, tags, source, decisions } = approval;
  const named = tags.flatMap((text) => {
    const tag = readApprovalTag(text);
    return tag === undefined ? [] : [{ ...tag, text }];
  });
  if (decisions.length === 0) return { ignored: `nobody has decided approval ${ref.id} yet; ${named.length === 0 ? `${where} carries no tag of Holdpoint's` : `seen on ${where}: ${named.map(({ text }) => text).join(', ')}`}` };
  if (named.length === 0) return { ignored: `${where} carries no tag holdpoint.<gate>.<plant>.<circuit>.<version>` };
  if (source === null) return { ignored: `${where} leads to no build of a repository` };
  const pullRequests = await ports.pullRequestsOf(source, rules.releaseBranch).catch((error: unknown) => {
    if (isFailure(error, FailureType.NotFound)) return [];
    throw error;
  });

  // One person's click must not pass two gates of one release, of which only one was open.
  const twice = named.find((tag) => named.some((other) => other.gate !== tag.gate && releaseModelId(other.target, other.version) === releaseModelId(tag.target, tag.version)));
  if (twice) return { ignored: `${where} names two gates of ${targetLabel(twice.target)} ${twice.version}: an approval answers one` };

  const stages = rules.sources === null ? [] : await ports.stagesOf(approval);
  const sent: SentDecision[] = [];
  for (const tag of named) for (const decision of decisions) sent.push(await answer(ports, rules, { approval, stages, pullRequests }, tag, decision));
  return { decisions: sent };
}

/** An approval, with the names of its stage and the pull requests whose commit was built. */
interface Told {
  approval: AzureApproval;
  stages: readonly string[];
  pullRequests: readonly number[];
}

async function answer({ readRelease, sightings, sign, propose, send }: ApprovalPorts, rules: ApprovalRules, { approval, stages, pullRequests }: Told, { gate, target, version, text }: ApprovalTag & { text: string }, decision: AzureDecision): Promise<SentDecision> {
  const { ref, where, source } = approval;
  const workflowId = releaseModelId(target, version);
  const { verdict } = decision;
  const by = canonicalPerson(rules.people, decision.by);
  const told = { workflowId, gate, by, verdict };
  const refused = (reason: string, early = false): SentDecision => ({ ...told, counted: false, reason, ...(early && { early }) });

  if (!rules.people.some(({ id }) => id === by)) return refused(`${decision.by} is nobody in the estate's people`);
  if (!rules.accompanies(target)) return refused(`${targetLabel(target)} is not accompanied: its gates are answered in Holdpoint`);
  const foreign = rules.sources === null ? null : sourceProblem(rules.sources, approval, stages, gate);
  if (foreign !== null) return refused(foreign);
  if (!sightings.wasBefore(ref, text, decision.by)) return refused(`${where} was not seen with the tag ${text} before ${decision.by} decided: a tag that is added later counts for nobody. Decide in the inbox`);
  const release = await readRelease(workflowId);
  if (release === null) return refused('its release has not begun', true);
  const { pullRequest } = release;
  const isOwn = pullRequest.repositoryId.toLowerCase() === source?.repositoryId.toLowerCase() && pullRequests.includes(pullRequest.id);
  if (!isOwn) return refused(`${where} built another change than pull request ${pullRequest.id}, which the release is of`);
  if (!release.isOpen) return refused('its release has ended');
  if (release.gate !== gate) return refused(`gate ${gate} is not open`, true);

  const said = decision.comment.trim();
  const comment = `${verdict === 'approve' ? 'approved' : 'rejected'} in Azure DevOps, ${where}, at ${decision.at}${said === '' ? '' : `: ${said}`}`;
  if (release.bindsEvidence) {
    const isShown = await propose(workflowId, { gate, by, verdict, comment });
    return refused(`gate ${gate} counts only decisions that name its evidence, which nobody sees in Azure DevOps; ${isShown ? 'shown there as a proposal: confirm it in the inbox' : 'decide in the inbox'}`);
  }
  const signed = await sign({ workflowId, runId: release.runId, via: 'azure-devops', by, answer: { gate, verdict, comment } });
  return { ...told, ...(await send(workflowId, signed, ['azure-devops', ref.kind, String(ref.id), gate, by, verdict])) };
}
