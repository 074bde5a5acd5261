import { reportItem } from '../blocks/fan-out-item.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { ItemPlace, ItemReport } from '../domain/fan-out.ts';
import type { TestModelInput } from '../domain/environment.ts';
import { checkInference, readProductionDeployment } from '../releases/release-activities.ts';
import { deployTrial, doubted, doubtsOf, readTrialDeployment, scoreBatch } from '../releases/test-inference.ts';

/**
 * One item of the integration test: the model that production serves for a circuit, scored in the test workspace in the new environment. It reports to the run that tests. What does not
 * depend on each other is done at the same time: two hundred items do it.
 */
export async function testModelInEnvironment({ model: name, place, environment, signature }: TestModelInput, { expectedMs, ...parent }: ItemPlace): Promise<ItemReport> {
  return await reportItem(parent, signature, async (steps) => {
    const { workspaces: { test: workspace, production }, endpoint, deployment, inference: { minimumRows } } = place;
    const [{ model }, before] = await Promise.all([readProductionDeployment({ workspace: production, endpoint, deployment }), readTrialDeployment(place)]);
    if (model === null) return { state: 'skipped', detail: `${deployment} serves no model in production`, reference: null };

    const tags = await deployTrial(steps, place, { model, environment, tags: { run: steps.signature, environment: environment.replace(/^azureml:/, '') } }, before);
    const from = now().getTime();
    const job = await scoreBatch(steps, steps.key('test inference'), workspace, name, place, expectedMs ?? null);
    const tookMs = now().getTime() - from;
    const [report, after] = await Promise.all([checkInference({ workspace, ...job, minimumRows }), readTrialDeployment(place)]);
    const { passed, rows, findings, outputUri } = doubted(report, doubtsOf(tags, after));
    return { state: passed ? 'passed' : 'failed', detail: passed ? `${rows} predictions` : findings.join('; '), reference: outputUri, tookMs };
  });
}
