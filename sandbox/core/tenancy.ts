/** The identities of the one tenant, subscription and organisation that the stand-in knows. */

export const TENANT_ID = '11111111-1111-1111-1111-111111111111';
export const CLIENT_ID = '22222222-2222-2222-2222-222222222222';
export const CLIENT_SECRET = 'sandbox-secret';

export const SUBSCRIPTION_ID = '00000000-0000-0000-0000-000000000001';
export const RESOURCE_GROUP = 'ml-platform';
export const LOCATION = 'westeurope';
export const DEV_WORKSPACE = 'dev-ml-workspace';
export const TEST_WORKSPACE = 'test-ml-workspace';
export const PROD_WORKSPACE = 'prod-ml-workspace';
export const REGISTRY = 'ml-registry';

/** ARM id of a resource of the machine-learning provider, for example `workspaces/dev-ml-workspace`. */
export function machineLearningId(resource: string): string {
  return `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}/providers/Microsoft.MachineLearningServices/${resource}`;
}

export const STORAGE_ACCOUNT = 'mlplatformstore';
export const STORAGE_CONTAINER = 'azureml';

export const ORGANISATION = 'contoso';
export const PROJECT = 'ml-platform';
export const PROJECT_ID = '44444444-4444-4444-4444-444444444444';
export const REPOSITORY = 'sensor-predictions';
export const REPOSITORY_ID = '33333333-3333-3333-3333-333333333333';
/** Azure DevOps personal access token, sent as basic authentication with any user name. */
export const PERSONAL_ACCESS_TOKEN = 'sandbox-pat';

/** Audiences of the access tokens, one per platform. */
export const AUDIENCE = {
  resourceManager: 'https://management.azure.com',
  machineLearning: 'https://ml.azure.com',
  storage: 'https://storage.azure.com',
  azureDevOps: '499b84ac-1321-427f-aa17-267ca6975798',
} as const;
