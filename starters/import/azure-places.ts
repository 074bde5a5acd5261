/** Where Azure ML is, by what pipelines say of it: service connections, variables, and the commands of their files. Pure. */
import type { VariableGroupBody } from './azure-devops-rest.ts';
import type { Inventory } from './inventory.ts';

type Role = 'dev' | 'test' | 'production';

export interface AzurePlaces {
  subscription: string | null;
  resourceGroup: string | null;
  location: string | null;
  registry: string | null;
  workspaces: Record<Role, string | null>;
  unmapped: { what: string; why: string }[];
}

interface Said {
  name: string;
  value: string;
  /** For people. */
  where: string;
}

const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Tests first: `test-ml-workspace-production-like` is rare, `nonprod` is not. */
const roles: [Role, RegExp][] = [['test', /test|staging|stg|uat|qa|preprod|nonprod/i], ['production', /prod|prd|live/i], ['dev', /dev|sandbox|train/i]];
const options: [string, RegExp][] = [
  ['workspace', /(?:--workspace-name|--workspace)[ =]+["']?([A-Za-z0-9_-]+)/g],
  ['registry', /--registry-name[ =]+["']?([A-Za-z0-9_-]+)/g],
  ['resourceGroup', /--resource-group[ =]+["']?([A-Za-z0-9_.()-]+)/g],
  ['subscription', /--subscription[ =]+["']?([0-9a-f-]{36})/gi],
];

export function findAzurePlaces({ connections, pipelines, releases, variableGroups }: Pick<Inventory, 'connections' | 'pipelines' | 'releases' | 'variableGroups'>): AzurePlaces {
  const unmapped: AzurePlaces['unmapped'] = [];
  const said: Said[] = [];
  for (const { name, type, data } of connections) {
    const where = `service connection "${name}"`;
    if (type.toLowerCase() !== 'azurerm') unmapped.push({ what: where, why: `it is of type ${type}, for which an estate has no place` });
    for (const [field, known] of [['subscriptionId', 'subscription'], ['mlWorkspaceName', 'workspace'], ['mlWorkspaceLocation', 'location'], ['resourceGroupName', 'resourceGroup']] as const) {
      const value = type.toLowerCase() === 'azurerm' ? data?.[field] : undefined;
      if (value) said.push({ name: known, value, where });
    }
  }
  const sets: { where: string; variables: VariableGroupBody['variables'] }[] = [
    ...variableGroups.map(({ name, variables }) => ({ where: `variable group "${name}"`, variables })),
    ...pipelines.map(({ definition: { name, variables } }) => ({ where: `pipeline "${name}"`, variables })),
    ...releases.flatMap(({ name, variables, environments = [] }) => [{ where: `release "${name}"`, variables }, ...environments.map((stage) => ({ where: `stage ${stage.name} of release "${name}"`, variables: stage.variables }))]),
    ...pipelines.map(({ definition: { name }, file }) => ({ where: `the file of pipeline "${name}"`, variables: Object.fromEntries(Object.entries(file?.variables ?? {}).map(([key, value]) => [key, { value }])) })),
  ];
  for (const { where, variables } of sets) {
    for (const [name, { value, isSecret }] of Object.entries(variables ?? {})) {
      const kind = kindOf(name);
      if (isSecret === true) unmapped.push({ what: `variable ${name} of ${where}`, why: 'it is secret; an estate names environment variables of the worker for secrets' });
      else if (kind !== null && value && !value.includes('$(')) said.push({ name: kind, value, where: `${where}, variable ${name}` });
    }
  }
  for (const { text, definition } of pipelines) for (const [name, option] of options) for (const [, value] of text.matchAll(option)) said.push({ name, value: value!, where: `the file of pipeline "${definition.name}"` });

  const pick = (name: string, fits: (value: string) => boolean = () => true): string | null => {
    const values = [...new Map(said.filter((each) => each.name === name && fits(each.value)).map((each) => [each.value, each])).values()];
    for (const { value, where } of values.slice(1)) unmapped.push({ what: `${name} ${value}`, why: `${where} says so, and another place says ${values[0]!.value}; an estate has one` });
    return values[0]?.value ?? null;
  };
  const roleOf = (value: string): Role | null => roles.find(([, words]) => words.test(value))?.[0] ?? null;
  for (const { value, where } of said.filter((each) => each.name === 'workspace' && roleOf(each.value) === null)) unmapped.push({ what: `workspace ${value}`, why: `${where} names it, and its name does not say whether it is for development, test or production` });
  return {
    subscription: pick('subscription', (value) => guid.test(value)),
    resourceGroup: pick('resourceGroup'),
    location: pick('location'),
    registry: pick('registry'),
    workspaces: { dev: pick('workspace', (value) => roleOf(value) === 'dev'), test: pick('workspace', (value) => roleOf(value) === 'test'), production: pick('workspace', (value) => roleOf(value) === 'production') },
    unmapped,
  };
}

/** What a variable is about, by its name. */
function kindOf(name: string): string | null {
  if (/subscription/i.test(name)) return 'subscription';
  if (/resource[_.-]?group/i.test(name)) return 'resourceGroup';
  if (/workspace/i.test(name)) return 'workspace';
  if (/registry/i.test(name) && !/container|acr|docker/i.test(name)) return 'registry';
  return /^(azure|aml|ml)?[_.-]?(location|region)$/i.test(name) ? 'location' : null;
}
