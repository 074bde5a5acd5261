/** Route patterns of the machine-learning provider, with the parameters that the request rules check. */
export const PROVIDER = '/subscriptions/:subscription/resourceGroups/:resourceGroup/providers/Microsoft.MachineLearningServices';
export const LOCATIONS = '/subscriptions/:subscription/providers/Microsoft.MachineLearningServices/locations';
export const WORKSPACE = `${PROVIDER}/workspaces/:workspace`;
export const REGISTRY = `${PROVIDER}/registries/:registry`;
