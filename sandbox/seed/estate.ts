import { stringify } from 'yaml';
import { machineLearningId, PROD_WORKSPACE } from '../core/tenancy.ts';

/** One circuit of the demo's plants: which readings of which station it stands for. */
export interface Circuit {
  plant: string;
  name: string;
  location: string;
  column: string;
}

const PLANTS = { P001: 'Seattle', P002: 'New York' };
const COLUMNS = { C001: 'temp_max', C002: 'temp_min', C003: 'wind', C004: 'precipitation' };

/** The circuit whose deployment is the default of its plant's endpoint. */
export const DEFAULT_CIRCUIT = 'C001';

export const PLANT_NAMES = Object.keys(PLANTS);

/** All circuits of all plants. */
export const CIRCUITS: Circuit[] = Object.entries(PLANTS).flatMap(([plant, location]) =>
  Object.entries(COLUMNS).map(([name, column]) => ({ plant, name, location, column })),
);

export interface TrainingSettings {
  cutoff_date: string;
  hyperparameters: { learning_rate: number; epochs: number; hidden_units: number };
}

/** What every circuit's version 1 is trained with: decent, but it stops learning too early. */
export const FIRST_SETTINGS: TrainingSettings = {
  cutoff_date: '2015-06-30',
  hyperparameters: { learning_rate: 0.001, epochs: 14, hidden_units: 16 },
};

/**
 * The content of a configuration file that gives a better model than {@link FIRST_SETTINGS}: it learns for longer.
 *
 * @param variation any whole number from 0 on, for example how many pull requests there have been: the next one gives another
 *   content, so that a pull request always differs from what is on the branch
 */
export function improvedConfig(variation: number): string {
  const { cutoff_date, hyperparameters } = FIRST_SETTINGS;
  return configText({ cutoff_date, hyperparameters: { ...hyperparameters, epochs: 30 + (variation % 8) } });
}

/** The text of a circuit's configuration file. */
export function configText(settings: TrainingSettings): string {
  return stringify({ training: settings });
}

/** The environment that models are scored in, as the next patch of it is to find it. */
export const FIRST_ENVIRONMENT = { path: 'environment/custom_tf_env.yml', version: '1.5.0', text: environmentText('1.5.0', 'First version') };

function environmentText(version: string, changeSummary: string): string {
  const tags = { backward_compatible: 'true', requires_retrain: 'false', change_summary: changeSummary };
  return stringify({ name: 'custom_tf_env', version, image: 'docker.io/library/node:24', tags }, { defaultStringType: 'QUOTE_DOUBLE', defaultKeyType: 'PLAIN' });
}

/** Path of a circuit's configuration file in the repository. */
export function configPath({ plant, name }: Pick<Circuit, 'plant' | 'name'>): string {
  return `config/plants/${plant}/${name}.yml`;
}

/** The name of a circuit's model, in workspaces and in the registry. */
export function modelName({ plant, name }: Circuit): string {
  return `${plant}-${name}`;
}

export function endpointName(plant: string): string {
  return `batch-endpoint-plant-${plant}`;
}

export function deploymentName({ name }: Pick<Circuit, 'name'>): string {
  return `deployment-circuit-${name}`;
}

/** Resource id of what serves a circuit in production. */
export function productionDeploymentId({ plant, name }: Pick<Circuit, 'plant' | 'name'>): string {
  return machineLearningId(`workspaces/${PROD_WORKSPACE}/batchEndpoints/${endpointName(plant)}/deployments/${deploymentName({ name })}`);
}

const SEED_JOB = 'seed-train-';

/** The job that trains version 1 of a circuit's model. */
export function seedJobName(circuit: Circuit): string {
  return `${SEED_JOB}${modelName(circuit)}`;
}

export function isSeedJob(name: string): boolean {
  return name.startsWith(SEED_JOB);
}
