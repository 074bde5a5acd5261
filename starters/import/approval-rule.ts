/** Who must approve before a stage, in Azure DevOps' two forms, as one. Pure. */
import type { CheckBody, IdentityBody, ReleaseDefinitionBody } from './azure-devops-rest.ts';

/** The types of checks, by the ids that Azure DevOps gives them; a check of a task is told by its name. */
const approvalCheck = '8c6f20a7-a545-4486-9777-f762fafe0d4d';

export interface ApprovalRule {
  approvers: IdentityBody[];
  /** How many must approve; null: every one of them, of a group one member. */
  count: number | null;
  /** Whoever asked may not approve. */
  fourEyes: boolean;
  /** Null: Azure DevOps' own 30 days. */
  timeoutMinutes: number | null;
  /** What an estate has no word for. */
  lost: string[];
}

type ReleaseStage = NonNullable<ReleaseDefinitionBody['environments']>[number];

/** Null for a check of another kind. */
export function ruleOfCheck({ type, timeout, settings }: CheckBody): ApprovalRule | null {
  if (type.id.toLowerCase() !== approvalCheck) return null;
  const { approvers = [], minRequiredApprovers, executionOrder, instructions, requesterCannotBeApprover, blockedApprovers = [] } = settings ?? {};
  return {
    approvers,
    count: (minRequiredApprovers ?? 0) > 0 ? minRequiredApprovers! : null,
    fourEyes: requesterCannotBeApprover === true,
    timeoutMinutes: timeout ?? null,
    lost: [
      ...(executionOrder === 'inSequence' ? ['its approvers are asked one after the other; a gate asks all of them at once'] : []),
      ...(instructions ? [`its instructions are not shown: ${instructions.replace(/\s+/g, ' ').slice(0, 120)}; a checklist item by a person can ask the same`] : []),
      ...(blockedApprovers.length > 0 ? [`${blockedApprovers.length} blocked approvers: a gate lets those decide whom it names, so leave them out`] : []),
    ],
  };
}

/** Null where the stage begins without a person. */
export function ruleOfReleaseStage({ preDeployApprovals }: ReleaseStage): ApprovalRule | null {
  const asked = (preDeployApprovals?.approvals ?? []).filter(({ isAutomated, approver }) => isAutomated !== true && approver);
  if (asked.length === 0) return null;
  const options = preDeployApprovals?.approvalOptions;
  const inSequence = new Set(asked.map(({ rank }) => rank)).size > 1;
  return {
    approvers: asked.map(({ approver }) => approver!),
    count: (options?.requiredApproverCount ?? 0) > 0 ? options!.requiredApproverCount! : null,
    fourEyes: options?.releaseCreatorCanBeApprover === false,
    timeoutMinutes: (options?.timeoutInMinutes ?? 0) > 0 ? options!.timeoutInMinutes! : null,
    lost: inSequence ? ['its approvers are asked one after the other; a gate asks all of them at once'] : [],
  };
}

/** What an estate has in place of a check that asks no person. */
export function otherCheck({ type, settings }: CheckBody): { what: string; why: string } {
  const name = settings?.displayName ?? settings?.definitionRef?.name ?? type.name ?? type.id;
  const kind = `${type.name ?? ''} ${settings?.definitionRef?.name ?? ''}`;
  const why = /business|hours/i.test(kind) ? 'give the gate an "opening", a calendar'
    : /lock/i.test(kind) ? 'each circuit has a lock of its own already'
      : /branch/i.test(kind) ? 'only releaseBranch is released'
        : /extends|template/i.test(kind) ? 'an estate knows no templates'
          : 'a checklist item by a machine may be its like; the check itself stays where it is';
  return { what: `check "${name}"`, why };
}
