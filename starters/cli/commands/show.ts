import { within } from '../../temporal-connection.ts';
import { print, printJson } from '../output.ts';
import type { ShowCommandOptions } from '../command-options.ts';
import { readRun } from '../run-details.ts';
import { readCurrentDetails } from '../run-query.ts';
import { runText } from '../run-text.ts';
import { callMs, webUiLink, withTemporal } from '../session.ts';

/** Shows the latest run of an id, or the one that is named. */
export async function show(workflowId: string, { json, run: runId }: ShowCommandOptions): Promise<void> {
  await withTemporal(async (session) => {
    const description = await within(session.client, callMs, () => session.client.workflow.getHandle(workflowId, runId).describe());
    const { run, ending } = await readRun(session, description);
    if (json) return printJson(run);
    const details = run.gate === null ? null : await readCurrentDetails(session, run);
    print(runText({ run, failure: ending.failure, card: details?.ok ? details.value : null, summary: (await description.staticSummary()) ?? null, startedAt: description.startTime, closedAt: description.closeTime ?? null, link: webUiLink(session, run) }));
  });
}
