/** The way from a check to its run and to its token. */
import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import type { SecretVault } from '../../../activities/secrets/vault.ts';
import type { ApprovePipelineStageInput } from '../../../workflows/domain/stage-check.ts';
import { approvePipelineStage } from '../../runbooks.ts';
import { AlreadyStarted, startRunbook } from '../../start-runbook.ts';
import { isUnanswered, within } from '../../temporal-connection.ts';
import { TryLater } from '../try-later.ts';
import type { CheckPorts, StageStanding } from './check-routes.ts';

/** Milliseconds that Temporal has, out of the 3 seconds of the check. */
const temporalMs = 2_000;
/** Lifetime of a job's token, as Azure DevOps documents it. */
export const tokenLifetimeMs = 48 * 3_600_000;

export function stageApprovals({ client, vault, organisationUrl }: { client: Client; vault: SecretVault; organisationUrl: string }): CheckPorts {
  const keepToken: CheckPorts['keepToken'] = (secret, value) => vault.put(secret, { value, expiresAt: new Date(Date.now() + tokenLifetimeMs).toISOString() });

  const standingOf = async (workflowId: string): Promise<StageStanding> => standing(await client.workflow.getHandle(workflowId).describe());

  const start = async (input: ApprovePipelineStageInput): ReturnType<CheckPorts['startApproval']> => {
    try {
      const { workflowId } = await startRunbook(client, approvePipelineStage, input);
      return { workflowId, started: true, standing: 'waiting' };
    } catch (error) {
      if (!(error instanceof AlreadyStarted)) throw error;
      const { workflowId } = error;
      const found = await standingOf(workflowId);
      // The run is over and wants no token any more.
      if (found !== 'waiting' && input.secret !== null) await vault.remove(input.secret);
      return { workflowId, started: false, standing: found };
    }
  };

  return {
    organisationUrl,
    keepToken,
    async startApproval(input) {
      try {
        return await within(client, temporalMs, () => start(input));
      } catch (error) {
        throw isUnanswered(error) ? new TryLater('Temporal does not answer; deliver it again', error) : error;
      }
    },
  };
}

/** A run that closed in any other way than by its own conclusion lets nothing pass. */
function standing({ status, searchAttributes }: WorkflowExecutionDescription): StageStanding {
  if (status.name === 'RUNNING') return 'waiting';
  const outcome = searchAttributes['Outcome']?.[0];
  if (status.name !== 'COMPLETED') return 'failed';
  if (outcome === 'succeeded') return 'approved';
  return outcome === 'rejected' ? 'rejected' : outcome === 'expired' ? 'expired' : 'failed';
}
