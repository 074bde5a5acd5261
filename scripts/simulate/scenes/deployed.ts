/** What deployed a version in Azure DevOps: a run of a pipeline, or a classic release, whose stage can be deployed once more. */
import { z } from 'zod';
import { approvalTag } from '../../../workflows/domain/approval-tag.ts';
import type { SceneKit } from '../scene.ts';
import { label, oneOf, targetOf, text } from '../story-pieces.ts';

export const deployedField = z.strictObject({
  target: label.default('P001/C001'),
  version: text(100),
  by: oneOf(['pipeline', 'release']).default('pipeline'),
  /** Name of the pipeline, or of the release's definition. */
  definition: text(100).default('deploy-models'),
  stage: text(100).default('Production'),
  /** What becomes of a further deployment: `waits` is for somebody's approval; `gone`: retention has deleted the run, or the release. */
  again: oneOf(['succeeds', 'fails', 'waits', 'gone']).default('succeeds'),
});

/** Of a further deployment. */
const durationMs = 20_000;

export async function deployOnce({ standIn }: SceneKit, orders: z.output<typeof deployedField>[]): Promise<void> {
  for (const { target, version, by, definition, stage, again } of orders) {
    const order = { stage, tags: [approvalTag({ gate: 'stage3', target: targetOf(target), version })], deploys: { ...targetOf(target), version }, result: again === 'fails' ? ('failed' as const) : ('succeeded' as const), durationMs };
    if (by === 'release' && again !== 'gone') await standIn.release({ definition, waits: again === 'waits', ...order });
    if (by === 'pipeline') {
      const run = await standIn.stagedRun({ pipeline: definition, ...(again === 'waits' && { waits: { for: 'approval' } }), ...order });
      if (again === 'gone') await standIn.forgetRun(run);
    }
  }
}
