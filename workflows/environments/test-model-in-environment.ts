import { reportItem } from '../blocks/fan-out-item.ts';
import { now } from '../blocks/workflow-clock.ts';
import type { ItemPlace, ItemReport } from '../domain/fan-out.ts';
import type { TestModelInput } from '../domain/environment.ts';
import { scoreBatch } from '../releases/test-inference.ts';
import { checkTrial, deployTrial } from './environment-activities.ts';

/** One item of the integration test: the model that production serves for a circuit, scored in the test workspace in the new environment. It reports to the run that tests. */
export async function testModelInEnvironment({ model: name, place, environment, signature }: TestModelInput, { expectedMs, ...parent }: ItemPlace): Promise<ItemReport> {
  return await reportItem(parent, signature, async (steps) => {
    const { workspaces: { test: workspace, production }, endpoint, deployment, inference, location } = place;
    const tags = { run: steps.signature, environment: environment.replace(/^azureml:/, '') };
    const { model } = await deployTrial({ key: steps.key('deploy to test'), from: production, workspace, endpoint, deployment, template: { inference, location }, environment, tags });
    if (model === null) return { state: 'skipped', detail: `${deployment} serves no model in production`, reference: null };

    const from = now().getTime();
    const job = await scoreBatch(steps, steps.key('test inference'), workspace, name, place, expectedMs);
    const tookMs = now().getTime() - from;
    const { passed, rows, findings, outputUri } = await checkTrial({ workspace, endpoint, deployment, run: tags.run, ...job, minimumRows: inference.minimumRows });
    return { state: passed ? 'passed' : 'failed', detail: passed ? `${rows} predictions` : findings.join('; '), reference: outputUri, tookMs, subject: model };
  });
}
