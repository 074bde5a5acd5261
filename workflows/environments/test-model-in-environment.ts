import { reportItem } from '../blocks/fan-out-item.ts';
import type { ItemPlace, ItemReport } from '../domain/fan-out.ts';
import type { TestModelInput } from '../domain/environment.ts';
import { modelName } from '../domain/ids.ts';
import { loadPolicy, readProductionDeployment } from '../releases/release-activities.ts';
import { tryInTest } from '../releases/test-inference.ts';

/** One item of the integration test: the model that production serves for a circuit, scored in the test workspace in the new environment. It reports to the run that tests. */
export async function testModelInEnvironment({ target, environment, signature }: TestModelInput, place: ItemPlace): Promise<ItemReport> {
  return await reportItem(place, signature, async (steps) => {
    const policy = await loadPolicy({ target });
    const { workspaces, endpoint, deployment } = policy;
    const { model } = await readProductionDeployment({ workspace: workspaces.production, endpoint, deployment });
    if (model === null) return { state: 'skipped', detail: `${deployment} serves no model in production`, reference: null };
    const { report: { passed, rows, findings, outputUri } } = await tryInTest(steps, policy, {
      model,
      environment,
      name: modelName(target),
      tags: () => ({ run: steps.signature, environment: environment.replace(/^azureml:/, '') }),
    });
    return { state: passed ? 'passed' : 'failed', detail: passed ? `${rows} predictions` : findings.join('; '), reference: outputUri };
  });
}
