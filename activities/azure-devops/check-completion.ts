import { FailureType } from '../../workflows/domain/failures.ts';
import type { CheckAddress, CheckAnswer } from '../../workflows/domain/stage-check.ts';
import type { SecretVault } from '../secrets/vault.ts';
import { isFailure, vendorAnswer } from '../http/classify.ts';
import { planApi, type PlanApi, type TimelineRecord } from './check-rest.ts';
import type { RestClient } from '../http/rest-client.ts';

/** What calls to a check's plan need. */
export interface CheckClients {
  /** Signs in as the product. */
  service: RestClient;
  /** Signs in as nobody: the job's token goes with each request. Both have the configured organisation as their base, so a token never goes elsewhere. */
  bare: RestClient;
  /** Null where no vault is configured: then only the service's credential is left. */
  vault: SecretVault | null;
}

export interface CompleteStageCheckInput {
  check: CheckAddress;
  /** Name of the job's token in the vault. */
  secret: string;
  result: 'succeeded' | 'failed';
}

type Credential = NonNullable<CheckAnswer['credential']>;

/**
 * Tells Azure DevOps the decision on a check: by the token that came with the check while that lives, which is 48 hours, and with the product's own credential after that.
 *
 * Safe to retry because the check's record is read first: one that has ended is told nothing more. So a decision whose answer was lost, or whose worker was killed before it could
 * tell, is found as `already`.
 *
 * @throws Unauthorized (retried slowly) when neither credential may; a person can repair the service's permission while this goes on
 */
export async function completeStageCheck(clients: CheckClients, { check, secret, result }: CompleteStageCheckInput): Promise<CheckAnswer> {
  return await withCheckCredential(clients, check, secret, async (plan, credential) => {
    const before = await look(plan);
    if (before?.state === 'completed') return ended(before, result);
    try {
      await plan.complete(result);
    } catch (error) {
      // Refused as it stands: somebody ended the check between the look and the request.
      if (!isFailure(error, FailureType.InvalidRequest) && !isFailure(error, FailureType.NotFound)) throw error;
      const after = await look(plan);
      if (after?.state === 'completed') return ended(after, result);
      throw error;
    }
    return { result, delivery: 'delivered', credential, detail: `Azure DevOps took "${result}", sent with ${credential === 'jobToken' ? 'the token of the check' : "the service's own credential: the token of the check had expired"}` };
  });
}

/** Does something with the job's token, or once more with the service's credential where the token is missing, expired or refused. */
export async function withCheckCredential<T>({ service, bare, vault }: CheckClients, check: CheckAddress, secret: string, action: (plan: PlanApi, credential: Credential) => Promise<T>): Promise<T> {
  const token = (await vault?.get(secret)) ?? null;
  if (token !== null) {
    try {
      return await action(planApi(bare, check, `Bearer ${token.value}`), 'jobToken');
    } catch (error) {
      if (!isFailure(error, FailureType.Unauthorized)) throw error;
    }
  }
  return await action(planApi(service, check), 'service');
}

/** The check's record; null where it is not to be seen, which proves nothing: whether it may be read is not documented for every credential. */
async function look(plan: PlanApi): Promise<TimelineRecord | null> {
  try {
    return await plan.record();
  } catch (error) {
    if (isFailure(error, FailureType.NotFound) || vendorAnswer(error)?.status === 403) return null;
    throw error;
  }
}

function ended({ result: found }: TimelineRecord, result: 'succeeded' | 'failed'): CheckAnswer {
  const same = found === result;
  return { result, delivery: same ? 'already' : 'late', credential: null, detail: same ? `Azure DevOps had "${result}" already` : `too late: the check had ended as "${found ?? 'unknown'}" before "${result}" could be told` };
}
