import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { assetIdOf } from '../../azure-resource-manager/asset-uri.ts';
import { writeVersion } from '../../azure-resource-manager/assets.ts';
import { planOf } from '../../azure-resource-manager/command-job.ts';
import type { ArmBody } from '../../azure-resource-manager/resources.ts';
import type { SandboxContext } from '../../core/context.ts';
import { DEV_WORKSPACE, machineLearningId, PROD_WORKSPACE } from '../../core/tenancy.ts';
import { isTerminal, type JobRun } from '../../jobs/job-runs.ts';
import { CIRCUITS, configPath, FIRST_SETTINGS, modelName, productionDeploymentId, seedJobName } from '../../seed/estate.ts';
import type { Addresses } from '../addresses.ts';
import type { GitRepository } from '../git/repository.ts';
import type { Deliveries } from '../service-hooks/deliveries.ts';
import { buildCompleted, runStateChanged } from '../service-hooks/build-events.ts';
import type { Build, Builds, BuildResult, Publication } from './builds.ts';

const DEV = machineLearningId(`workspaces/${DEV_WORKSPACE}`);

export interface AgentServices {
  sandbox: Pick<SandboxContext, 'clock' | 'jobs' | 'resources' | 'mlflow'>;
  builds: Builds;
  git: GitRepository;
  deliveries: Deliveries;
  addresses: Addresses;
}

/** Carries builds out, as a build agent does: waits for their time, trains and registers what they publish, ends them, and tells the subscribers. */
export class Agent {
  readonly #services: AgentServices;
  readonly #stop = new AbortController();

  constructor(services: AgentServices) {
    this.#services = services;
  }

  /** Takes up what was not finished when the stand-in was last stopped. */
  start(): void {
    for (const build of this.#services.builds.list()) if (build.result === undefined) this.carryOut(build.id);
  }

  /** What is under way is taken up at the next start. */
  stop(): void {
    this.#stop.abort();
  }

  begin(build: Build): void {
    const { addresses, deliveries, sandbox } = this.#services;
    if (build.deliver) deliveries.publish(runStateChanged(build, sandbox.clock.iso(), addresses));
    this.carryOut(build.id);
  }

  carryOut(id: number): void {
    const { builds, sandbox } = this.#services;
    const build = builds.get(id)!;
    if (build.publish.length === 0 || build.planned === 'failed' || build.planned === 'canceled') {
      sandbox.clock.at(build.dueMs, () => this.end(id, build.planned));
      return;
    }
    this.#publish(build).then(
      () => sandbox.clock.at(build.dueMs, () => this.end(id, build.planned)),
      (error: unknown) => {
        if (this.#stop.signal.aborted) return;
        console.error(`build ${id}:`, error);
        this.end(id, 'failed');
      },
    );
  }

  /** Ends what is due already: for readers that come in the moment in which an appointment is about to be kept. */
  settle(build: Build): Build {
    const { builds, sandbox } = this.#services;
    if (build.result === undefined && build.publish.length === 0 && sandbox.clock.nowMs() >= build.dueMs) this.end(build.id, build.planned);
    return builds.get(build.id)!;
  }

  end(id: number, result: BuildResult): void {
    const { builds, sandbox } = this.#services;
    const build = builds.get(id);
    if (build === undefined || build.result !== undefined || this.#stop.signal.aborted) return;
    builds.save({ ...build, result, finishedDate: sandbox.clock.iso() });
    if (build.deliver) this.tell(id);
  }

  /** Tells the subscribers that a build has ended; answers how many deliveries there are. */
  tell(id: number): number {
    const { builds, deliveries, addresses, sandbox } = this.#services;
    const build = builds.get(id)!;
    const now = sandbox.clock.iso();
    return [buildCompleted(build, now, addresses), runStateChanged(build, now, addresses)].flatMap((event) => deliveries.publish(event)).length;
  }

  async #publish(build: Build): Promise<void> {
    await Promise.all(build.publish.map((publication) => this.#publishOne(build, publication)));
  }

  /** Trains and registers one model. Each step is left out when it has been done, so that a build that was cut short goes on. */
  async #publishOne(build: Build, publication: Publication): Promise<void> {
    const { sandbox: { resources, jobs } } = this.#services;
    const circuit = CIRCUITS.find(({ plant, name }) => plant === publication.plant && name === publication.circuit);
    if (circuit === undefined) throw new Error(`there is no circuit ${publication.plant}/${publication.circuit}`);
    const model = modelName(circuit);
    const container = `${DEV}/models/${model}`;
    const versions = resources.children(container, 'versions');
    const marker = `${build.id}`;
    if (versions.some(({ tags }) => tags?.['published_by'] === marker)) return;

    const job = publication.from === 'seed' ? seedJobName(circuit) : `ci-train-${model}-${build.id}`;
    if (!jobs.runs.get(DEV_WORKSPACE, job)) {
      const body = this.#trainingJob(build, publication, circuit, job);
      resources.write(`${DEV}/jobs/${job}`, body);
      jobs.submit(DEV_WORKSPACE, job, planOf(body, job));
    }
    const run = await this.#ended(job);
    if (run.status !== 'Completed') throw new Error(`the training of ${model} ended ${run.status}: ${run.error?.message ?? ''}`);

    const next = 1 + Math.max(0, ...resources.children(container, 'versions').map(({ name }) => Number(name)).filter(Number.isInteger));
    const origin = { ...(['build', 'both'].includes(publication.tags) ? { build_id: String(build.id) } : {}), ...(['commit', 'both'].includes(publication.tags) ? { commit: build.commit } : {}) };
    const tags = { ...origin, published_by: marker, training_job: job, ...this.#measured(run) };
    writeVersion(resources, `${container}/versions/${publication.version ?? next}`, { properties: { modelType: 'custom_model', modelUri: `azureml://jobs/${job}/outputs/model`, tags } });
  }

  #trainingJob(build: Build, { plant, circuit: name }: Publication, { location, column }: { location: string; column: string }, job: string): ArmBody {
    const { git, sandbox: { resources } } = this.#services;
    const path = configPath({ plant, name });
    const text = git.content(git.get(build.commit)?.files[`/${path}`] ?? '');
    const { training = FIRST_SETTINGS } = (text === undefined ? {} : (parse(text) as object)) as { training?: object };
    const model = modelName({ plant, name, location, column });
    const deployment = resources.get(productionDeploymentId({ plant, name }));
    const serving = (deployment?.properties['model'] as { assetId?: string } | undefined)?.assetId;
    const known = serving !== undefined && assetIdOf(resources, serving, PROD_WORKSPACE) !== undefined ? serving : undefined;
    return {
      properties: {
        jobType: 'Command',
        displayName: job,
        experimentName: `train-${model}`,
        command: `node train.ts --data \${{inputs.data}} --location "${location}" --column ${column}${known === undefined ? '' : ' --production ${{inputs.production_model}}'} --output \${{outputs.model}}`,
        codeId: `${DEV}/codes/sensor-training/versions/1`,
        environmentId: `${DEV}/environments/sensor-env/versions/1`,
        computeId: `${DEV}/computes/cpu-cluster`,
        environmentVariables: { TRAINING_CONFIG: JSON.stringify(training) },
        inputs: {
          data: { jobInputType: 'uri_file', uri: 'azureml://datastores/workspaceblobstore/paths/data/weather.csv', mode: 'ReadOnlyMount' },
          ...(known === undefined ? {} : { production_model: { jobInputType: 'custom_model', uri: known, mode: 'ReadOnlyMount' } }),
        },
        outputs: { model: { jobOutputType: 'custom_model', mode: 'ReadWriteMount', uri: `azureml://datastores/workspaceblobstore/paths/models/${model}/${job}` } },
        tags: { build_id: String(build.id), commit: build.commit },
      },
    };
  }

  async #ended(job: string): Promise<JobRun> {
    for (;;) {
      const run = this.#services.sandbox.jobs.runs.get(DEV_WORKSPACE, job);
      if (run && isTerminal(run.status)) return run;
      await sleep(50, undefined, { signal: this.#stop.signal });
    }
  }

  #measured({ workspace, name, startTimeUtc = '', endTimeUtc = '' }: JobRun): Record<string, string> {
    const metrics = this.#services.sandbox.mlflow.metricsOf(workspace, name).filter(({ key }) => ['mae', 'rmse', 'r2'].includes(key));
    return { ...Object.fromEntries(metrics.map(({ key, value }) => [key, String(value)])), training_ms: String(Date.parse(endTimeUtc) - Date.parse(startTimeUtc)) };
  }
}
