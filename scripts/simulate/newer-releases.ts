/** Releases that events of a story start while its run goes on: each of a further change, trained before the story begins. */
import { configPath, improvedConfig } from '../../sandbox/seed/estate.ts';
import { releaseModel } from '../../starters/runbooks.ts';
import type { ReleaseModelInput } from '../../workflows/domain/release.ts';
import { preparedInput } from './candidate.ts';
import type { Stage } from './stage.ts';
import { targetOf } from './story-pieces.ts';
import type { Story, StoryEvent } from './story.ts';

export type NewerReleases = ReadonlyMap<StoryEvent, ReleaseModelInput>;

export async function prepareNewer(stage: Stage, { events }: Story, startMs: number): Promise<NewerReleases> {
  const newer = new Map<StoryEvent, ReleaseModelInput>();
  for (const event of events) {
    if (!event.release) continue;
    const target = targetOf(event.release.target);
    const change = { title: 'Tune the model once more', files: { [configPath({ plant: target.plant, name: target.circuit })]: improvedConfig(1 + newer.size) } };
    newer.set(event, (await preparedInput(releaseModel.name, { target }, { change }, stage, startMs)) as unknown as ReleaseModelInput);
  }
  return newer;
}
