/** What is there of a merged change before its run begins: the build of a pipeline that trains, or versions that an earlier run has made of it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { writeVersion } from '../../sandbox/azure-resource-manager/assets.ts';
import { DEV_WORKSPACE, machineLearningId } from '../../sandbox/core/tenancy.ts';
import { modelName } from '../../workflows/domain/ids.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import type { Stage } from './stage.ts';
import type { StoryChange } from './story.ts';

/** In real time: its trainings are real. */
const trainedWithinMs = 60_000;

type Place = Pick<Stage, 'standIn' | 'sandbox'>;

export interface BuildOfChange {
  pullRequestId: number;
  circuits: readonly Target[];
  build: NonNullable<StoryChange['build']>;
  /** When the run begins, since the epoch. */
  startMs: number;
}

/** Runs the build pipeline: what it trains is registered when this returns, and it ends at its time. One that fails, or publishes nothing, registers nothing. */
export async function buildChange({ standIn, sandbox }: Place, { pullRequestId, circuits, build: { ends, result, publishes }, startMs }: BuildOfChange): Promise<void> {
  const { resources, clock } = sandbox.context;
  const publish = result === 'succeeded' && publishes ? circuits.map((target) => ({ ...target, from: 'training' as const })) : [];
  const buildId = await standIn.build({ pullRequestId, result, durationMs: Math.max(0, Math.round(startMs + ends - clock.nowMs())), publish, deliver: false });
  const isRegistered = ({ plant, circuit }: Target): boolean => resources.children(modelId({ plant, circuit }), 'versions').some(({ properties: { tags } }) => (tags as Record<string, string> | undefined)?.['published_by'] === String(buildId));
  for (const until = performance.now() + trainedWithinMs; !publish.every(isRegistered); await sleep(50)) {
    const ended = await standIn.buildResult(buildId);
    if (ended === 'failed') throw new Error('the story\'s build, which is to succeed, failed');
    if (performance.now() > until) throw new Error(`the story's build has not trained within ${trainedWithinMs / 1000} s`);
  }
}

/** Registers a version as a run of the past has made it, whose history Temporal keeps no more: a copy of the seed's. */
export function registerReleased({ sandbox }: Place, target: Target, version: string, releasedBy: string): void {
  const { resources } = sandbox.context;
  const { properties } = resources.get(`${modelId(target)}/versions/1`)!;
  writeVersion(resources, `${modelId(target)}/versions/${version}`, { properties: { ...properties, tags: { ...(properties['tags'] as Record<string, string>), run: releasedBy } } });
}

function modelId(target: Target): string {
  return machineLearningId(`workspaces/${DEV_WORKSPACE}/models/${modelName(target)}`);
}
