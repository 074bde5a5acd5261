import type { Run } from '../blocks/run.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { StepKey } from '../domain/keys.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { InferenceReport, ReleaseModelInput } from '../domain/release.ts';
import { doubted, doubtsOf } from '../domain/trial.ts';
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

/** Deploys the candidate in the test workspace, scores a batch with it, and checks that job's log and output. Bad results are findings for Stage 3, not failures. */
export async function testInference(run: Run, input: ReleaseModelInput, policy: TargetPolicy, model: string, generation = 0): Promise<TestedCandidate> {
  const { inference, endpoint, deployment, location } = policy;
  const workspace = policy.workspaces.test;
  const before = await readTestDeployment({ workspace, endpoint, deployment });
  const tags = deploymentTags(run, input, before, 'test');
  await deployToTest({ key: run.key('deploy to test', generation), workspace, endpoint, deployment, before, template: { inference, location }, model, tags });

  const job = await scoreBatch(run, run.key('test inference', generation), workspace, input.model, policy);
  const testedAt = now().toISOString();
  const report = await checkInference({ workspace, ...job, minimumRows: inference.minimumRows });
  const doubts = doubtsOf(tags['run'], await readTestDeployment({ workspace, endpoint, deployment }));
  return { model, report: doubted(report, doubts), doubts, testedAt, job, generation };
}

/** Where and how a circuit's deployment scores. */
type ScoringPlace = Pick<TargetPolicy, 'endpoint' | 'deployment' | 'inference' | 'settleMs'>;

/** Lets a circuit's deployment score a batch once, and waits for the job's end. A run that ends before has its job cancelled. `expectedMs`: how long such a job takes, where that is known: its end is then seen sooner. */
export async function scoreBatch(run: Pick<Run, 'compensations'>, key: StepKey, workspace: WorkspaceRef, model: string, { endpoint, deployment, inference, settleMs }: ScoringPlace, expectedMs?: number): Promise<TestedCandidate['job']> {
  const retire = (keep: string | null) => cancelDuplicateInvocations({ key, workspace, endpoint, keep, settleMs });
  const ended = run.compensations.register({ step: 'test inference', undo: async () => `cancelled ${(await retire(null)).cancelled.join(', ') || 'nothing'}` });
  const { jobName, outputUri, uncertain } = await invokeBatchEndpoint({ key, workspace, endpoint, deployment, dataUri: inference.dataUri, experimentName: `inference-${model}` });
  if (uncertain) await retire(jobName); // before its late twin has written to the same output
  const jobStatus = await awaitJob({ workspace, jobName, intervalMs: inference.pollMs, ...(expectedMs !== undefined && { expectedMs }) }, inference.timeoutMs, 'the test inference');
  ended();
  return { jobName, jobStatus, outputUri };
}

/** Reads the results of the test inference once more. */
export async function checkAgain(tested: TestedCandidate, { workspaces, inference }: TargetPolicy): Promise<TestedCandidate> {
  const report = await checkInference({ workspace: workspaces.test, ...tested.job, minimumRows: inference.minimumRows });
  return { ...tested, report: doubted(report, tested.doubts) };
}
