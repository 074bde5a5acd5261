import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { StepKey } from '../domain/keys.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { DeploymentSnapshot, InferenceReport, ReleaseModelInput } from '../domain/release.ts';
import type { WorkspaceRef } from '../domain/vocabulary.ts';
import { awaitJob, cancelDuplicateInvocations, checkInference, deployToTest, invokeBatchEndpoint, readTestDeployment } from './release-activities.ts';
import { deploymentTags } from './production-deployment.ts';

/** A candidate that was tried in the test workspace. */
export interface TestedCandidate {
  /** Asset id of the model. */
  model: string;
  report: InferenceReport;
  /** ISO instant of the end of the test inference; reading its results again does not make them younger. */
  testedAt: string;
  /** How its job ended, and where its output is: for reading the results again. */
  job: { jobName: string; jobStatus: Parameters<typeof checkInference>[0]['jobStatus']; outputUri: string };
  /** Findings that reading the results again would not show. */
  doubts: readonly string[];
  /** 0 for the first test, and one more for each that was made anew. */
  generation: number;
}

/** Where and how something is tried in the test workspace. */
export type TrialPlace = Pick<TargetPolicy, 'workspaces' | 'endpoint' | 'deployment' | 'inference' | 'location' | 'settleMs'>;

/** What is tried in the test workspace: a model, or the environment that it scores in. */
export interface Trial {
  /** Asset id of the model. */
  model: string;
  /** Of the test deployment; `run` among them. */
  tags: Record<string, string>;
  /** `azureml:<name>:<version>`, where the environment is another than the deployment's own. */
  environment?: string;
}

/** Deploys the candidate in the test workspace, scores a batch with it, and checks that job's log and output. Bad results are findings for Stage 3, not failures. */
export async function testInference(run: Run, input: ReleaseModelInput, policy: TargetPolicy, model: string, generation = 0): Promise<TestedCandidate> {
  const { inference, workspaces: { test: workspace } } = policy;
  const before = await readTrialDeployment(policy);
  const tags = await deployTrial(run, policy, { model, tags: deploymentTags(run, input, before, 'test') }, before, generation);
  const job = await scoreBatch(run, run.key('test inference', generation), workspace, input.model, policy);
  const testedAt = now().toISOString();
  const report = await checkInference({ workspace, ...job, minimumRows: inference.minimumRows });
  const doubts = doubtsOf(tags, await readTrialDeployment(policy));
  return { model, report: doubted(report, doubts), doubts, testedAt, job, generation };
}

/** What the test workspace serves for a circuit now. */
export async function readTrialDeployment({ workspaces: { test: workspace }, endpoint, deployment }: TrialPlace): Promise<DeploymentSnapshot> {
  return await readTestDeployment({ workspace, endpoint, deployment });
}

/** Deploys what is tried in the test workspace; answers the tags that it carries from then on. */
export async function deployTrial(run: Pick<Run, 'key'>, place: TrialPlace, { model, tags, environment }: Trial, before: DeploymentSnapshot, generation = 0): Promise<Record<string, string>> {
  const { inference, endpoint, deployment, location, workspaces: { test: workspace } } = place;
  await deployToTest({ key: run.key('deploy to test', generation), workspace, endpoint, deployment, before, template: { inference, location }, model, tags, ...(environment !== undefined && { environment }) });
  return tags;
}

/** What speaks against a trial although its results are good. */
export function doubtsOf(tags: Record<string, string>, { tags: found }: DeploymentSnapshot): string[] {
  return found['run'] === tags['run'] ? [] : [`the test deployment was changed meanwhile, by ${found['run'] ?? 'nobody known'}: another model may have been tested`];
}

/** Lets a circuit's deployment score a batch once, and waits for the job's end. A run that ends before has its job cancelled. `expectedMs`: how long such a job takes, where that is known: its end is then seen sooner. */
export async function scoreBatch(run: Pick<Run, 'compensations'>, key: StepKey, workspace: WorkspaceRef, model: string, { endpoint, deployment, inference, settleMs }: TrialPlace, expectedMs: number | null = null): Promise<TestedCandidate['job']> {
  const retire = (keep: string | null) => cancelDuplicateInvocations({ key, workspace, endpoint, keep, settleMs });
  const ended = run.compensations.register({ step: 'test inference', undo: async () => `cancelled ${(await retire(null)).cancelled.join(', ') || 'nothing'}` });
  const { jobName, outputUri, uncertain } = await invokeBatchEndpoint({ key, workspace, endpoint, deployment, dataUri: inference.dataUri, experimentName: `inference-${model}` });
  if (uncertain) await retire(jobName); // before its late twin has written to the same output
  const jobStatus = await awaitJob({ workspace, jobName, intervalMs: inference.pollMs, ...(expectedMs !== null && { expectedMs }) }, inference.timeoutMs, 'the test inference');
  ended();
  return { jobName, jobStatus, outputUri };
}

/** Reads the results of the test inference once more. */
export async function checkAgain(tested: TestedCandidate, { workspaces, inference }: TargetPolicy): Promise<TestedCandidate> {
  const report = await checkInference({ workspace: workspaces.test, ...tested.job, minimumRows: inference.minimumRows });
  return { ...tested, report: doubted(report, tested.doubts) };
}

/** The report with what speaks against it. */
export function doubted(report: InferenceReport, doubts: readonly string[]): InferenceReport {
  return doubts.length === 0 ? report : { ...report, passed: false, findings: [...doubts, ...report.findings] };
}
