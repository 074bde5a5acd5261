/** Releases that wait for Stage 1 when the story's run begins: started for real, so long before. */
import { setTimeout as sleep } from 'node:timers/promises';
import { releaseModel } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import { releaseModelId } from '../../workflows/domain/ids.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import type { ReleaseModelInput } from '../../workflows/domain/release.ts';
import { preparedInput } from './candidate.ts';
import type { Stage } from './stage.ts';
import { targetOf } from './story-pieces.ts';
import type { Story } from './story.ts';

const withinMs = 30_000;

/** Their inputs, each with a model that was really trained. */
export async function prepareWaiting(stage: Stage, story: Story, startMs: number): Promise<ReleaseModelInput[]> {
  const inputs: ReleaseModelInput[] = [];
  for (const label of story.waiting.releases) inputs.push((await preparedInput(releaseModel.name, { target: targetOf(label) }, story, stage, startMs)) as unknown as ReleaseModelInput);
  return inputs;
}

/** Starts them; returns once each waits for somebody. The caller holds the time. */
export async function letWait({ client }: Stage, inputs: readonly ReleaseModelInput[]): Promise<void> {
  for (const input of inputs) await startRunbook(client, releaseModel, input);
  const until = performance.now() + withinMs;
  for (const { target, version } of inputs) {
    const handle = client.workflow.getHandle(releaseModelId(target, version));
    while ((await handle.query<GateView | null>('gate').catch(() => null)) === null) {
      if (performance.now() > until) throw new Error(`${handle.workflowId} does not wait for anybody after ${withinMs / 1000} s`);
      await sleep(50);
    }
  }
}
