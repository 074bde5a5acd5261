/** Scoring that takes more memory or time than there is: jobs then really fail. */
import { z } from 'zod';
import { ScoringConditions, scoringConditionSchema } from '../../../sandbox/batch-scoring/scoring-conditions.ts';
import { deploymentName, endpointName } from '../../../sandbox/seed/estate.ts';
import type { SceneKit } from '../scene.ts';
import { label, oneOf, targetOf } from '../story-pieces.ts';

export const ailmentField = z.strictObject({
  target: label.default('P001/C001'),
  in: oneOf(['test', 'production']).default('test'),
  /** `memory`: a heap of 128 MB, of which each row takes twenty-six while its mini-batch is scored; `time`: each row takes 110 ms. */
  of: oneOf(['memory', 'time']).default('memory'),
  /** Jobs that it befalls; all by default. */
  times: z.int('must be a whole number').min(1, 'must be 1 or more').optional(),
});

const ailments = { memory: { memoryMb: 128, rowMb: 26 }, time: { rows: 10, rowMs: 110 } } as const;

export function ailScoring({ sandbox: { context } }: Pick<SceneKit, 'sandbox'>, orders: z.output<typeof ailmentField>[]): void {
  const conditions = new ScoringConditions(context.store);
  for (const { target, in: where, of: what, times } of orders) {
    const { plant, circuit } = targetOf(target);
    const match = `^${where === 'test' ? 'test' : 'prod'}-ml-workspace/${endpointName(plant)}/${deploymentName({ name: circuit })}$`;
    conditions.add(scoringConditionSchema.parse({ match, ...ailments[what], ...(times !== undefined && { times }) }));
  }
}
