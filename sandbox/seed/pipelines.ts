/** The pipelines of the imagined team, which an import of the demo's project finds. They are there to be read: what deploys is Holdpoint. */
import type { SandboxContext } from '../core/context.ts';
import { DEV_WORKSPACE, PROD_WORKSPACE, REGISTRY, RESOURCE_GROUP, SUBSCRIPTION_ID, TEST_WORKSPACE } from '../core/tenancy.ts';
import { inventorySchema, Organisation } from '../azure-devops/organisation/inventory.ts';

const PATH = 'azure-pipelines.yml';

/** By path in the repository. */
export const PIPELINE_FILES: Record<string, string> = {
  [PATH]: `# Trains the changed circuits, tries the models in ${TEST_WORKSPACE} and deploys them.
trigger: {branches: {include: [main]}, paths: {include: [config/plants]}}
variables:
  subscriptionId: ${SUBSCRIPTION_ID}
  resourceGroup: ${RESOURCE_GROUP}
  registryName: ${REGISTRY}
stages:
- stage: Train
  jobs:
  - job: train
    steps: [{script: az ml job create --file train.yml --workspace-name ${DEV_WORKSPACE} --resource-group ${RESOURCE_GROUP}}]
- stage: Test
  jobs:
  - deployment: test
    environment: test
    strategy: {runOnce: {deploy: {steps: [{script: az ml batch-endpoint invoke --workspace-name ${TEST_WORKSPACE} --resource-group ${RESOURCE_GROUP}}]}}}
- stage: Production
  jobs:
  - deployment: production
    environment: production
    strategy: {runOnce: {deploy: {steps: [{script: az ml batch-deployment update --workspace-name ${PROD_WORKSPACE} --resource-group ${RESOURCE_GROUP}}]}}}
`,
};

/** What the project has besides its repository, before a test orders something else. */
export function seedPipelines({ store, clock }: SandboxContext): void {
  const approvers = ['alice@example.com', 'bob@example.com', 'carol@example.com'];
  const approval = { approvers, requiredApproverCount: 1, releaseCreatorCanBeApprover: false };
  const inventory = inventorySchema.parse({
    pipelines: [{ name: 'train-sensor-predictions', yaml: PATH }],
    releases: [{ name: 'release-sensor-predictions', pipeline: 'train-sensor-predictions', stages: [{ name: 'Stage 1 registry', ...approval }, { name: 'Stage 2 test', variables: { workspaceName: { value: TEST_WORKSPACE } } }, { name: 'Stage 3 production', ...approval, variables: { workspaceName: { value: PROD_WORKSPACE } } }] }],
  });
  new Organisation(store, clock).order(inventory, () => { throw new Error('the first inventory orders no environment'); });
}
