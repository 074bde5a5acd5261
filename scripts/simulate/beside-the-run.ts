/** What others do beside the story's run, as the company would: a newer release, a rollback, an emergency stop and its end. */
import { holdReleases, liftHold } from '../../activities/runs/emergency-stop.ts';
import { releaseModel, rollBackModel } from '../../starters/runbooks.ts';
import { startRunbook } from '../../starters/start-runbook.ts';
import { scopeLabel } from '../../workflows/domain/emergency-stop.ts';
import type { Happening } from './happenings.ts';
import { targetOf } from './story-pieces.ts';
import type { StoryEvent } from './story.ts';

/** Answers what was done, in words; null where the event is none of these. */
export async function happenBeside({ stage: { client, clock }, newer, begun }: Pick<Happening, 'stage' | 'newer' | 'begun'>, event: StoryEvent): Promise<string | null> {
  const { release, rollback, stop, lift } = event;
  if (release) {
    const input = newer.get(event)!;
    begun.push((await startRunbook(client, releaseModel, input)).workflowId);
    return `a newer version of ${release.target} is released: ${input.version}`;
  }
  if (rollback) {
    const { target, by, reason, to } = rollback;
    begun.push((await startRunbook(client, rollBackModel, { target: targetOf(target), reason, ...(to !== undefined && { to }) }, { startedBy: by })).workflowId);
    return `${by} rolls ${target} back: ${reason}`;
  }
  if (stop) {
    const { scope, by, reason } = stop;
    await holdReleases(client, { scope, by, reason, since: new Date(await clock.nowMs()).toISOString() });
    return `${by} stops the releases of ${scopeLabel(scope)}: ${reason}`;
  }
  if (lift) {
    const { sent } = await liftHold(client, lift);
    return `${lift.by} lets the releases of ${scopeLabel(lift.scope)} go on${sent ? '' : ' (nothing was stopped)'}`;
  }
  return null;
}
