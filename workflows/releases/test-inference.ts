import type { Run } from '../blocks/run.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { InferenceReport, ReleaseModelInput } from '../domain/release.ts';
import { awaitJob, cancelDuplicateInvocations, checkInference, deployToTest, invokeBatchEndpoint, readTestDeployment } from './release-activities.ts';
import { deploymentTags } from './production-deployment.ts';

/** Deploys the candidate in the test workspace, scores a batch with it, and checks that job's log and output. Bad results are findings for Stage 3, not failures. */
export async function testInference(run: Run, input: ReleaseModelInput, policy: TargetPolicy, model: string): Promise<InferenceReport> {
  const { inference, endpoint, deployment, location, settleMs } = policy;
  const workspace = policy.workspaces.test;
  const before = await readTestDeployment({ workspace, endpoint, deployment });
  const tags = deploymentTags(run, input, before, 'test');
  await deployToTest({ key: run.key('deploy to test'), workspace, endpoint, deployment, before, template: { inference, location }, model, tags });

  const key = run.key('test inference');
  const retire = (keep: string | null) => cancelDuplicateInvocations({ key, workspace, endpoint, keep, settleMs });
  const ended = run.compensations.register({ step: 'test inference', undo: async () => `cancelled ${(await retire(null)).cancelled.join(', ') || 'nothing'}` });
  const { jobName, outputUri, uncertain } = await invokeBatchEndpoint({ key, workspace, endpoint, deployment, dataUri: inference.dataUri, experimentName: `inference-${input.model}` });
  if (uncertain) await retire(jobName); // before its late twin has written to the same output
  const jobStatus = await awaitJob({ workspace, jobName, intervalMs: inference.pollMs }, inference.timeoutMs, 'the test inference');
  ended();
  const report = await checkInference({ workspace, jobName, jobStatus, outputUri, minimumRows: inference.minimumRows });
  const { tags: found } = await readTestDeployment({ workspace, endpoint, deployment });
  if (found['run'] === tags['run']) return report;
  return { ...report, passed: false, findings: [`the test deployment was changed meanwhile, by ${found['run'] ?? 'nobody known'}: another model may have been tested`, ...report.findings] };
}
