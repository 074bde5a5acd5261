import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { coordinateIncidentId } from '../../../workflows/domain/incident.ts';
import type { IncidentActionName } from '../../../workflows/domain/incident-message.ts';
import type { IncidentView } from '../../../workflows/incidents/incident-desk.ts';
import { holdpoint } from '../../command-line.ts';
import { within } from '../../temporal-connection.ts';
import { refuseClosed } from '../closed-run.ts';
import { CommandError, ExitCode } from '../exit.ts';
import { print, printJson } from '../output.ts';
import type { IncidentCommandOptions } from '../command-options.ts';
import { withTemporal } from '../session.ts';
import { deciderOf } from '../sign-in/decider.ts';

/** The actions as they are typed. */
const typed: Record<string, IncidentActionName> = { acknowledge: 'acknowledge', assess: 'assess', 'take-role': 'takeRole', update: 'update', resolve: 'resolve', 'add-action': 'addAction', 'post-mortem': 'postMortem' };

/** Acts in an incident, or shows it; `id` is the run's, or the incident's own key. */
export async function incident(id: string, action: string | undefined, { as, timeout = 30, json, ...fields }: IncidentCommandOptions): Promise<void> {
  const workflowId = id.startsWith('coordinateIncident:') ? id : coordinateIncidentId({ incident: id });
  await withTemporal(async (session) => {
    const handle = session.client.workflow.getHandle(workflowId);
    const timeoutMs = timeout * 1000;
    if (action === undefined) return show(await within(session.client, timeoutMs, () => handle.query<IncidentView>('incident')));
    const message = { action: typed[action]!, by: deciderOf(as).by, ...fields };
    await refuseClosed(session, workflowId, 'nothing was taken');
    try {
      show(await within(session.client, timeoutMs, () => handle.executeUpdate<IncidentView, [object]>('incident', { args: [message] })));
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) throw new CommandError(ExitCode.Refused, error.cause?.message ?? error.message, `\`${holdpoint} incident ${id}\` shows where it stands.`);
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw new CommandError(ExitCode.TimedOut, `No worker took it within ${timeout} s. It may still be taken once one does`, `Look with \`${holdpoint} incident ${id}\` before you repeat it.`);
      throw error;
    }
  });

  function show(view: IncidentView): void {
    if (json) return printJson({ workflowId, ...view });
    const { severity, title, bridge, roles, releases, due, breaches, timeline } = view;
    const taken = Object.entries(roles).map(([role, { by }]) => `${role} ${by}`);
    print([`${severity}: ${title}`, `Bridge: ${bridge ?? 'none is named'}`, `Roles: ${taken.join(', ') || 'nobody'}`, `Releases: ${releases}`, `Next: ${due.slice(0, 3).map(({ clock, at }) => `${clock} at ${at}`).join(', ') || 'nothing'}`, `Missed: ${breaches.map(({ clock }) => clock).join(', ') || 'nothing'}`, '', ...timeline.slice(-15).map(({ at, text }) => `${at}  ${text}`)].join('\n'));
  }
}
