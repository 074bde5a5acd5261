import type { SandboxContext } from '../core/context.ts';
import type { Operations } from './operations.ts';
import type { Resources } from './resources.ts';

/** What the routes of Azure Resource Manager work with. */
export interface ArmContext {
  sandbox: SandboxContext;
  resources: Resources;
  operations: Operations;
}
