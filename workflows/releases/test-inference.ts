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

/** What is tried in the test workspace. */
export interface Trial {
  /** Asset id of the model. */
  model: string;
  /** Registered name of the model. */
  name: string;
  /** Of the test deployment, as it was found; `run` among them. */
  tags: (before: DeploymentSnapshot) => Record<string, string>;
  /** `azureml:<name>:<version>`, where the environment is another than the deployment's own. */
  environment?: string;
}

/** Deploys the candidate in the test workspace, scores a batch with it, and checks that job's log and output. Bad results are findings for Stage 3, not failures. */
export async function testInference(run: Run, input: ReleaseModelInput, policy: TargetPolicy, model: string, generation = 0): Promise<TestedCandidate> {
  return await tryInTest(run, policy, { model, name: input.model, tags: (before) => deploymentTags(run, input, before, 'test') }, generation);
}

/** The same for anything that can be tried: a model, or the environment that it scores in. */
export async function tryInTest(run: Pick<Run, 'key' | 'compensations'>, policy: TargetPolicy, { model, name, tags: tagsFor, environment }: Trial, generation = 0): Promise<TestedCandidate> {
  const { inference, endpoint, deployment, location } = policy;
  const workspace = policy.workspaces.test;
  const before = await readTestDeployment({ workspace, endpoint, deployment });
  const tags = tagsFor(before);
  await deployToTest({ key: run.key('deploy to test', generation), workspace, endpoint, deployment, before, template: { inference, location }, model, tags, ...(environment !== undefined && { environment }) });

  const job = await scoreBatch(run, run.key('test inference', generation), workspace, name, policy);
  const testedAt = now().toISOString();
  const report = await checkInference({ workspace, ...job, minimumRows: inference.minimumRows });
  const { tags: found } = await readTestDeployment({ workspace, endpoint, deployment });
  const doubts = found['run'] === tags['run'] ? [] : [`the test deployment was changed meanwhile, by ${found['run'] ?? 'nobody known'}: another model may have been tested`];
  return { model, report: doubted(report, doubts), doubts, testedAt, job, generation };
}

/** Lets a circuit's deployment score a batch once, and waits for the job's end. A run that ends before has its job cancelled. */
export async function scoreBatch(run: Pick<Run, 'compensations'>, key: StepKey, workspace: WorkspaceRef, model: string, { endpoint, deployment, inference, settleMs }: TargetPolicy): Promise<TestedCandidate['job']> {
  const retire = (keep: string | null) => cancelDuplicateInvocations({ key, workspace, endpoint, keep, settleMs });
  const ended = run.compensations.register({ step: 'test inference', undo: async () => `cancelled ${(await retire(null)).cancelled.join(', ') || 'nothing'}` });
  const { jobName, outputUri, uncertain } = await invokeBatchEndpoint({ key, workspace, endpoint, deployment, dataUri: inference.dataUri, experimentName: `inference-${model}` });
  if (uncertain) await retire(jobName); // before its late twin has written to the same output
  const jobStatus = await awaitJob({ workspace, jobName, intervalMs: inference.pollMs }, inference.timeoutMs, 'the test inference');
  ended();
  return { jobName, jobStatus, outputUri };
}

/** Reads the results of the test inference once more. */
export async function checkAgain(tested: TestedCandidate, { workspaces, inference }: TargetPolicy): Promise<TestedCandidate> {
  const report = await checkInference({ workspace: workspaces.test, ...tested.job, minimumRows: inference.minimumRows });
  return { ...tested, report: doubted(report, tested.doubts) };
}

function doubted(report: InferenceReport, doubts: readonly string[]): InferenceReport {
  return doubts.length === 0 ? report : { ...report, passed: false, findings: [...doubts, ...report.findings] };
}
