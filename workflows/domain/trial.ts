/** What speaks against something that was tried in the test workspace although its results are good. Pure. */
import type { DeploymentSnapshot, InferenceReport } from './release.ts';

/** @param run the tag `run` that the trial's own write carries */
export function doubtsOf(run: string | undefined, { tags }: DeploymentSnapshot): string[] {
  return tags['run'] === run ? [] : [`the test deployment was changed meanwhile, by ${tags['run'] ?? 'nobody known'}: another model may have been tested`];
}

/** The report with what speaks against it. */
export function doubted(report: InferenceReport, doubts: readonly string[]): InferenceReport {
  return doubts.length === 0 ? report : { ...report, passed: false, findings: [...doubts, ...report.findings] };
}
