import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { DeploymentSnapshot, InferenceReport, ReleaseModelInput } from '../domain/release.ts';
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
  experimentName: string;
  /** Of the test deployment, as it was found; `run` among them. */
  tags: (before: DeploymentSnapshot) => Record<string, string>;
  /** `azureml:<name>:<version>`, where the environment is another than the deployment's own. */
  environment?: string;
}

/** Deploys the candidate in the test workspace, scores a batch with it, and checks that job's log and output. Bad results are findings for Stage 3, not failures. */
export async function testInference(run: Run, input: ReleaseModelInput, policy: TargetPolicy, model: string, generation = 0): Promise<TestedCandidate> {
  return await tryInTest(run, policy, { model, experimentName: `inference-${input.model}`, tags: (before) => deploymentTags(run, input, before, 'test') }, generation);
}

/** The same for anything that can be tried: a model, or the environment that it scores in. */
export async function tryInTest(run: Pick<Run, 'key' | 'compensations'>, policy: TargetPolicy, { model, experimentName, tags: tagsFor, environment }: Trial, generation = 0): Promise<TestedCandidate> {
  const { inference, endpoint, deployment, location } = policy;
  const workspace = policy.workspaces.test;
  const before = await readTestDeployment({ workspace, endpoint, deployment });
  const tags = tagsFor(before);
  await deployToTest({ key: run.key('deploy to test', generation), workspace, endpoint, deployment, before, template: { inference, location }, model, tags, ...(environment !== undefined && { environment }) });

  const key = run.key('test inference', generation);
  const retire = (keep: string | null) => cancelDuplicateInvocations({ key, workspace, endpoint, keep, settleMs: policy.settleMs });
  const ended = run.compensations.register({ step: 'test inference', undo: async () => `cancelled ${(await retire(null)).cancelled.join(', ') || 'nothing'}` });
  const { jobName, outputUri, uncertain } = await invokeBatchEndpoint({ key, workspace, endpoint, deployment, dataUri: inference.dataUri, experimentName });
  if (uncertain) await retire(jobName); // before its late twin has written to the same output
  const jobStatus = await awaitJob({ workspace, jobName, intervalMs: inference.pollMs }, inference.timeoutMs, 'the test inference');
  ended();
  const testedAt = now().toISOString();
  const report = await checkInference({ workspace, jobName, jobStatus, outputUri, minimumRows: inference.minimumRows });
  const { tags: found } = await readTestDeployment({ workspace, endpoint, deployment });
  const doubts = found['run'] === tags['run'] ? [] : [`the test deployment was changed meanwhile, by ${found['run'] ?? 'nobody known'}: another model may have been tested`];
  return { model, report: doubted(report, doubts), doubts, testedAt, job: { jobName, jobStatus, outputUri }, generation };
}

/** Reads the results of the test inference once more. */
export async function checkAgain(tested: TestedCandidate, { workspaces, inference }: TargetPolicy): Promise<TestedCandidate> {
  const report = await checkInference({ workspace: workspaces.test, ...tested.job, minimumRows: inference.minimumRows });
  return { ...tested, report: doubted(report, tested.doubts) };
}

function doubted(report: InferenceReport, doubts: readonly string[]): InferenceReport {
  return doubts.length === 0 ? report : { ...report, passed: false, findings: [...doubts, ...report.findings] };
}
