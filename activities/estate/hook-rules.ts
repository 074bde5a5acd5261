/** What the estate says of the service hooks of Azure DevOps. */
import type { HookRules } from '../../workflows/domain/hook-reconciliation.ts';
import { buildRules } from './accompanied.ts';
import { changeRepository } from './change-rules.ts';
import { readEstate } from './estate-file.ts';
import type { EstateSettings } from './index.ts';
import type { Estate } from './schema.ts';

/** Repositories that no hook is subscribed to must not be released from: those that are named, else the one that Holdpoint proposes changes in. */
export function hookRules(estate: Estate): HookRules {
  return { repositories: estate.azureDevOps.repositories ?? [changeRepository(estate)], releaseBranch: estate.releaseBranch, builds: buildRules(estate) };
}

export const createHookRuleActivities = ({ estateFile }: Pick<EstateSettings, 'estateFile'>) => ({
  /**
   * Reads whose pull requests and builds are followed. Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  loadHookRules: async (_input: Record<string, never>): Promise<HookRules> => hookRules(await readEstate(estateFile)),
});
