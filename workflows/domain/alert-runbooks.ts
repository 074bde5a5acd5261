/** The runbooks that an alert may start: how each is called for a target, and what it is given. A runbook that is to be routed to needs its line here, and nothing else. */
import type { Alert, AlertOrder } from './alert.ts';
import { idPart, targetLabel } from './ids.ts';
import type { Target } from './vocabulary.ts';

interface AlertRunbook {
  workflowId: (target: Target) => string;
  input: (target: Target, alert: Alert) => object;
  isLook?: true;
}

const perTarget = (runbook: string) => ({ plant, circuit }: Target): string => [runbook, idPart(plant), idPart(circuit)].join(':');

const runbooks: Record<string, AlertRunbook> = {
  rollBackModel: { workflowId: perTarget('rollBackModel'), input: (target, alert) => ({ target, reason: reasonOf(alert), alert: { name: alert.name, id: alert.key } }) },
  findTrainingFailures: { workflowId: perTarget('findTrainingFailures'), input: (_target, alert) => ({ alert: alert.name }), isLook: true },
};

export const alertRunbooks: readonly string[] = Object.keys(runbooks);

/** What is started for an alert. */
export function alertOrder(runbook: string, target: Target, alert: Alert): AlertOrder {
  const { workflowId, input, isLook } = runbooks[runbook]!;
  return { runbook, workflowId: workflowId(target), input: input(target, alert), summary: `${runbook} of ${targetLabel(target)}: ${alert.name}`.slice(0, 200), ...(isLook && { isLook }) };
}

function reasonOf({ name, severity, description }: Alert): string {
  return `Alert ${name}${severity === null ? '' : ` (${severity})`}${description === '' ? '' : `: ${description}`}`;
}
