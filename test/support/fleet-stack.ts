/** The whole product with an estate as large as real ones, and a patch of the environment that is merged: for `updateEnvironment` against the stand-in. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { STORAGE_ACCOUNT } from '../../sandbox/core/tenancy.ts';
import { CIRCUITS } from '../../sandbox/seed/estate.ts';
import type { LedgerEntry } from '../../sandbox/core/ledger.ts';
import { startRunbook, type StartedRun } from '../../starters/start-runbook.ts';
import { updateEnvironment } from '../../starters/runbooks.ts';
import { sha256Hex } from '../../workflows/domain/digest.ts';
import type { UpdateEnvironmentInput } from '../../workflows/domain/environment.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { deploymentOf } from './platform-state.ts';
import { Stack } from './stack.ts';

const circuitsPerPlant = 20;
const data = 'data/short.csv';
const file = (version: string) => `name: custom-tf-env\nversion: "${version}"\nimage: docker.io/library/node:24\nconda_file: conda.yml\ntags:\n  backward_compatible: "true"\n  requires_retrain: "false"\n  change_summary: Fixed logging bug\n`;

export interface FleetStackOptions {
  /** How many circuits there are; 8 at least, which the stand-in has by itself. */
  circuits: number;
  /** How long a test inference takes, from its submission. */
  jobMs: number;
  /** How many jobs run at the same time. */
  nodes: number;
  /** Replaces more fields of the estate. */
  estate?: object;
}

export class FleetStack {
  readonly stack: Stack;
  /** In the order of the result. */
  readonly targets: Target[];
  #version = 0;

  private constructor(stack: Stack, targets: Target[]) {
    this.stack = stack;
    this.targets = targets;
  }

  static async start({ circuits, jobMs, nodes, estate = {} }: FleetStackOptions): Promise<FleetStack> {
    const existing = CIRCUITS.map(({ plant, name }): Target => ({ plant, circuit: name }));
    const known = new Set(existing.map(targetLabel));
    const more = Array.from({ length: circuitsPerPlant * circuits }, (_, n): Target => ({ plant: `P${String(1 + Math.floor(n / circuitsPerPlant)).padStart(3, '0')}`, circuit: `C${String(1 + (n % circuitsPerPlant)).padStart(3, '0')}` }));
    const added = more.filter((target) => !known.has(targetLabel(target))).slice(0, Math.max(0, circuits - existing.length));
    const plants: Record<string, { station: string; circuits: Record<string, string> }> = {};
    for (const { plant, circuit } of added) (plants[plant] ??= { station: plant === 'P002' ? 'New York' : 'Seattle', circuits: {} }).circuits[circuit] = 'temp_max';

    const inference = { data: `azureml://datastores/workspaceblobstore/paths/${data}`, minimumRows: 10 };
    const stack = await Stack.start({ estate: { plants, inference, monitoring: { for: '2s', every: '1s' }, settle: '2s', ...estate } });
    const like = { plant: 'P001', circuit: 'C001' };
    if (added.length > 0) await stack.standIn.addCircuits(added, like);
    for (const workspace of ['test-ml-workspace', 'prod-ml-workspace']) {
      await stack.standIn.scaleCompute(workspace, nodes);
      await stack.azureMl.blob.write({ account: STORAGE_ACCOUNT, container: workspace, name: data }, shortReadings(), 'text/csv');
    }
    await stack.standIn.pace({ match: '^test-ml-workspace/', durationMs: jobMs });
    await stack.standIn.completePullRequest({ 'environment/custom_tf_env.yml': file('1.5.0'), 'environment/conda.yml': 'dependencies: [python=3.11]\n' });
    const order = (one: Target, other: Target) => (targetLabel(one) < targetLabel(other) ? -1 : 1);
    return new FleetStack(stack, [...existing, ...added].sort(order));
  }

  /** Merges the next patch of the environment and starts its update; Stage 1 has its notebook already. */
  async update(input: Partial<UpdateEnvironmentInput> = {}): Promise<StartedRun & { version: string }> {
    this.#version += 1;
    const version = `1.5.${this.#version}`;
    const { repositoryId, pullRequestId } = await this.stack.standIn.completePullRequest({ 'environment/custom_tf_env.yml': file(version) });
    const notebook = { link: 'https://example.com/score.ipynb', sha256: sha256Hex(version) };
    return { ...(await startRunbook(this.stack.client, updateEnvironment, { repositoryId, pullRequestId, notebook, ...input }, { startedBy: 'dana' })), version };
  }

  /** The environment that each deployment in production scores in, by label: `custom-tf-env:1.5.1`. */
  async environments(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const target of this.targets) {
      const { definition } = await deploymentOf(this.stack, target);
      const { environmentId } = definition!['properties'] as { environmentId: string };
      found.set(targetLabel(target), /\/environments\/([^/]+)\/versions\/([^/]+)$/.exec(environmentId)!.slice(1).join(':'));
    }
    return found;
  }

  /** How often the ledger says that each deployment in production was really changed, by label. */
  async productionWrites(since = 0): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const { method, changed, path } of await this.stack.standIn.ledger(since)) {
      const [, plant, circuit] = /\/workspaces\/prod-ml-workspace\/batchEndpoints\/batch-endpoint-plant-([^/]+)\/deployments\/deployment-circuit-([^/]+)$/.exec(path) ?? [];
      if (!changed || method !== 'PUT' || plant === undefined || circuit === undefined) continue;
      counts.set(`${plant}/${circuit}`, (counts.get(`${plant}/${circuit}`) ?? 0) + 1);
    }
    return counts;
  }
}

/** How many jobs of a workspace an entry submitted. */
export function isInvocation({ method, changed, path }: LedgerEntry): boolean {
  return method === 'POST' && changed && /\/scoring\/test-ml-workspace\//.test(path);
}

/** Two months of both stations: what a model predicts of them costs next to nothing. */
function shortReadings(): string {
  const [header, ...rows] = readFileSync(fileURLToPath(new URL('../../node_modules/vega-datasets/data/weather.csv', import.meta.url)), 'utf8').trim().split('\n');
  return [header, ...rows.filter((row) => /\b2015[-/]1[12]\b/.test(row)), ''].join('\n');
}
