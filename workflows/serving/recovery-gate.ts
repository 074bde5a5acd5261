import type { GateRequest } from '../blocks/gate-request.ts';
import { now } from '../blocks/workflow-clock.ts';
import { failureFacts, type HelplessRecovery, type RecoverBatchJobInput } from '../domain/batch-recovery.ts';
import { evidenceItem } from '../domain/evidence.ts';
import { targetLabel } from '../domain/ids.ts';
import { recoveryGateName } from '../domain/phases.ts';
import type { TargetPolicy } from '../domain/policy.ts';

/**
 * A job that no remedy helps: has a person repaired what is wrong, so that it can be retried? Decided by those who may roll the circuit back; silence retries nothing, and neither opening
 * hours nor a checklist hold it up.
 */
export function recoveryGate(helpless: HelplessRecovery, { target, jobName }: RecoverBatchJobInput, policy: TargetPolicy): GateRequest<HelplessRecovery> {
  const { gates, people, digest, inboxUrl } = policy;
  return {
    gate: recoveryGateName,
    policy: { ...gates.rollback, opening: null, checklist: [], fourEyes: false, onSilence: 'expire' },
    policyOf: { target, gate: 'rollback' },
    people,
    estateDigest: digest,
    inboxUrl,
    requestedBy: [],
    silence: 'nothing is retried, and a work item is opened',
    measured: { evidence: helpless, items: [evidenceItem('failed job', helpless, now().toISOString())] },
    measure: null, // what a person repairs meanwhile is not what was asked about
    card: (evidence) => ({
      question: `Batch job ${jobName} of ${targetLabel(target)} failed: is it repaired, and may it be retried?`,
      recommendation: `look closely: ${evidence.why}.`,
      comparison: null,
      facts: failureFacts(evidence),
      change: 'retries the job once, as it is now. Rejecting, with the reason, opens a work item.',
      undo: 'the retry is cancelled with the run.',
    }),
  };
}
