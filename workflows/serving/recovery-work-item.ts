import { workflowInfo } from '@temporalio/workflow';
import type { Run } from '../blocks/run.ts';
import { failureFacts, type RecoverBatchJobInput, type RecoverBatchJobResult } from '../domain/batch-recovery.ts';
import { targetLabel } from '../domain/ids.ts';
import type { JobFailure } from '../domain/job-failure.ts';
import { escapeMarkup } from '../domain/markup.ts';
import type { TargetPolicy } from '../domain/policy.ts';
import type { IncidentReports } from '../incidents/incident-reports.ts';
import { closeDuplicateWorkItems } from '../releases/release-activities.ts';
import { openWorkItem } from './recovery-activities.ts';

/** One work item for whoever goes on by hand, with the last failure and its log's tail. Where none can be made, the run says so and ends as it would have. */
export async function fileRecovery(run: Run, { target, deployment, settleMs }: TargetPolicy, { jobName, attempts }: RecoverBatchJobResult, why: string, failure: JobFailure | null): Promise<RecoverBatchJobResult['workItem']> {
  return await run.attempt('The work item could not be made', async () => {
    const key = run.key('work item');
    const facts = failure === null ? [] : failureFacts({ why, failure, attempts, left: `deployment ${deployment}: ${run.production} by this run` });
    const { id, url, uncertain } = await openWorkItem({
      key,
      type: 'Bug',
      title: `Batch job ${jobName} of ${targetLabel(target)} needs somebody`,
      descriptionHtml: [`<p>${escapeMarkup(why)}</p>`, `<ul>${facts.map((fact) => `<li>${escapeMarkup(fact)}</li>`).join('')}</ul>`, `<p>Run ${escapeMarkup(run.signature)}.</p>`].join(''),
      tags: ['holdpoint', targetLabel(target)],
    });
    if (uncertain) run.beforeClosing('late twins of the work item', () => closeDuplicateWorkItems({ key, keep: id, settleMs }));
    return { id, url };
  });
}

/** People come together about what no remedy helps, where the estate wants that; one that is open already is told. Not waited for. */
export function openIncident(incidents: IncidentReports, { incidents: opened }: TargetPolicy, { target, alert }: RecoverBatchJobInput, title: string): void {
  const { workflowId } = workflowInfo();
  if (incidents.isOpened) return incidents.tell(title);
  incidents.open({ severity: opened?.recoverBatchJob, target, title, reportedBy: alert === undefined ? workflowId : `${workflowId}, by alert ${alert}` });
}
