/** What deploys in Azure DevOps: a YAML pipeline, or a classic release. */
import { z } from 'zod';
import type { RedeployPolicy } from '../../workflows/domain/redeploy.ts';
import { duration } from './durations.ts';

const text = z.string().min(1);

/** By its name, or by its number. */
const definition = z.union([text, z.int().positive()], 'must be a name or a number');

/** One stage of a pipeline or of a classic release; which of the two, `namesOne` makes sure of. */
export const deployingStage = { pipeline: definition.optional(), release: definition.optional(), stage: text };

interface Named {
  pipeline?: string | number | undefined;
  release?: string | number | undefined;
}

export const namesOne = ({ pipeline, release }: Named): boolean => (pipeline === undefined) !== (release === undefined);
export const mustNameOne = 'must name either a pipeline or a release';

export const redeploy = z.strictObject({ ...deployingStage, answerWithin: duration.default(30_000), within: duration.default(600_000) }).refine(namesOne, mustNameOne);

export function redeployPolicy({ pipeline, release, stage, answerWithin, within }: z.infer<typeof redeploy>): RedeployPolicy {
  const bounds = { stage, answerMs: answerWithin, withinMs: within };
  return pipeline === undefined ? { release: release!, ...bounds } : { pipeline, ...bounds }; // it names one
}
