/**
 * Heartbeats for every activity: a worker that is killed stops beating, and its step is taken up elsewhere within seconds instead of after the step's whole time budget.
 */
import { activityInfo, Context, heartbeat } from '@temporalio/activity';

/** Milliseconds between two beats; the workflows' heartbeat timeout is five times that. */
const beatMs = 1_000;

const progressOf = new WeakMap<Context, unknown>();

/** Records how far the activity is; the next attempt reads it with `lastProgress`. Small and without secrets: it is kept by the server. */
export function recordProgress(details: unknown): void {
  progressOf.set(Context.current(), details);
  heartbeat(details);
}

/** What the former attempt recorded last; undefined for the first attempt and where nothing was recorded. */
export function lastProgress<T>(): T | undefined {
  return (activityInfo().heartbeatDetails ?? undefined) as T | undefined;
}

type Activities = Record<string, (input: never) => Promise<unknown>>;

/** Wraps every function of a set of activities so that it beats while it runs, always with the progress recorded last, by this attempt or a former one. */
export function withHeartbeat<T extends Activities>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, run]) => [
    name,
    async (input: never): Promise<unknown> => {
      const context = Context.current();
      progressOf.set(context, lastProgress());
      const timer = setInterval(() => context.heartbeat(progressOf.get(context)), beatMs);
      try {
        return await run(input);
      } finally {
        clearInterval(timer);
      }
    },
  ]);
  return Object.fromEntries(wrapped) as T;
}
