import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import type { Tokens } from '../../core/tokens.ts';
import type { Addresses } from '../addresses.ts';
import type { GitRepository } from '../git/repository.ts';
import type { Agent } from '../pipelines/agent.ts';
import type { PipelineApprovals } from '../pipelines/approvals.ts';
import type { Builds } from '../pipelines/builds.ts';
import type { StagedRuns } from '../pipelines/staged-runs.ts';
import type { PullRequests } from '../pull-requests/pull-requests.ts';
import { Configurations } from './configurations.ts';
import { Environments } from './environments.ts';
import { Evaluations } from './evaluations.ts';
import type { CheckServices } from './routes.ts';
import { ServiceConnections } from './service-connections.ts';
import { StageRuns } from './stage-runs.ts';

/** Everything that the stand-in keeps about checks. */
export function createCheckServices(shared: { store: Store; clock: Clock; tokens: Tokens; addresses: Addresses; git: GitRepository; pullRequests: PullRequests; builds: Builds; approvals: PipelineApprovals; agent: Agent; stagedRuns: StagedRuns }): CheckServices {
  const { store, clock } = shared;
  const own = { runs: new StageRuns(store, clock), configurations: new Configurations(store, clock), connections: new ServiceConnections(store), environments: new Environments(store, clock) };
  return { ...shared, ...own, evaluations: new Evaluations({ ...shared, ...own }) };
}
