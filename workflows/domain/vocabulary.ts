/** The product's nouns that every layer shares. */

/** A circuit of a plant: what a release acts on. */
export interface Target {
  plant: string;
  circuit: string;
}

/**
 * How a run ended. `succeeded`, `rejected` (a person or a check said no) and `expired` (nobody answered) complete the workflow; `failed` fails it;
 * `aborted` (a person stopped it) is a cancellation.
 */
export type Outcome = 'succeeded' | 'rejected' | 'expired' | 'failed' | 'aborted';

/** Errors of a regression on the hold-out rows, in the unit of the sensor (R² has none). */
export interface RegressionMetrics {
  mae: number;
  rmse: number;
  r2: number;
}

/** Where an Azure ML workspace is. */
export interface WorkspaceRef {
  subscriptionId: string;
  resourceGroup: string;
  workspace: string;
}

/** Where an Azure ML registry is. */
export interface RegistryRef {
  subscriptionId: string;
  resourceGroup: string;
  registry: string;
}

/**
 * How far the identity behind a decision is proven. `claimed`: a name in a payload. `authenticated`: the product's own endpoint, or Azure DevOps, knew who it was, and the
 * receiver signed the decision. `attributed`: Temporal's server computed a principal from the caller's credential (Server 1.31 or newer, with principal propagation).
 */
export const identityLevels = ['claimed', 'authenticated', 'attributed'] as const;
export type IdentityLevel = (typeof identityLevels)[number];

/** Whether `level` proves at least as much as `least`. */
export function provesAtLeast(level: IdentityLevel, least: IdentityLevel): boolean {
  return identityLevels.indexOf(level) >= identityLevels.indexOf(least);
}

/** How much depends on a target: P0, the gravest, to P3. Policies, calendars and channels differ by it. */
export const severities = ['P0', 'P1', 'P2', 'P3'] as const;
export type Severity = (typeof severities)[number];
