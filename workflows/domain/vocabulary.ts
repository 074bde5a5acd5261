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

/** How far the identity behind a decision is proven; only `claimed`, a name in a payload, exists so far. */
export type IdentityLevel = 'claimed';
