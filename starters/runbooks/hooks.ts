/** What service hooks should have told. */
import { z } from 'zod';
import { searchAttributePairs } from '../../workflows/blocks/search-attribute-pairs.ts';
import { reconcileHooksPhase, type ReconcileHooksInput } from '../../workflows/domain/hook-reconciliation.ts';
import type { Runbook } from '../runbook.ts';
import { milliseconds } from './input-fields.ts';

export const reconcileHooks: Runbook<ReconcileHooksInput> = {
  name: 'reconcileHooks',
  description: 'Read in Azure DevOps what was merged, built and approved, and take up what no service hook has told',
  schema: z.strictObject({ lookBackMs: milliseconds.optional() }),
  workflowId: () => 'reconcileHooks:all',
  summary: () => 'Make up for missed service hooks',
  details: () => 'Looks back 72 hours by default. Run by a schedule.',
  searchAttributes: () => searchAttributePairs({ Phase: reconcileHooksPhase }),
  attribute: (input) => input,
  isRepeatable: true,
};
