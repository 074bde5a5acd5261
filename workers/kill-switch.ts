/**
 * A test worker's kill switch: `HOLDPOINT_KILL_AT=<activity>:<before|afterEffect>` kills the process, without a chance to say goodbye, before the named activity or between
 * its effect and the record of it. The configuration refuses it outside the demo profile.
 */
import type { ActivityExecuteInput, ActivityInboundCallsInterceptor, ActivityInterceptorsFactory, Next } from '@temporalio/worker';

type Moment = 'before' | 'afterEffect';

export function killSwitch(at: string): ActivityInterceptorsFactory {
  const [activity, moment] = at.split(':') as [string, Moment];
  const killAt = (type: string, now: Moment) => {
    if (type === activity && now === moment) process.kill(process.pid, 'SIGKILL');
  };
  return (context) => {
    const inbound: ActivityInboundCallsInterceptor = {
      async execute(input: ActivityExecuteInput, next: Next<ActivityInboundCallsInterceptor, 'execute'>) {
        killAt(context.info.activityType, 'before');
        const result = await next(input);
        killAt(context.info.activityType, 'afterEffect');
        return result;
      },
    };
    return { inbound };
  };
}
