/** What the estate says of the service hooks of Azure DevOps. */
import type { ApprovalHookRules, HookRules } from '../../workflows/domain/hook-reconciliation.ts';
import { accompaniedPolicy, buildRules } from './accompanied.ts';
import { allTargets } from './circuits.ts';
import { changeRepository } from './change-rules.ts';
import { readEstate } from './estate-file.ts';
import type { EstateSettings } from './index.ts';
import type { Estate } from './schema.ts';

/** Repositories that no hook is subscribed to must not be released from: those that are named, else the one that Holdpoint proposes changes in. */
export function hookRules(estate: Estate): HookRules {
  return { repositories: estate.azureDevOps.repositories ?? [changeRepository(estate)], releaseBranch: estate.releaseBranch, builds: buildRules(estate), approvals: approvalRules(estate) };
}

function approvalRules(estate: Estate): ApprovalHookRules | null {
  const { releaseBranch, people, azureDevOps } = estate;
  const accompanied = allTargets(estate).filter((target) => accompaniedPolicy(estate, target) !== null);
  return accompanied.length === 0 ? null : { releaseBranch, people, accompanied, sources: azureDevOps.approvals ?? null };
}

export const createHookRuleActivities = ({ estateFile }: Pick<EstateSettings, 'estateFile'>) => ({
  /**
   * Reads whose pull requests and builds are followed. Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  loadHookRules: async (_input: Record<string, never>): Promise<HookRules> => hookRules(await readEstate(estateFile)),
});
