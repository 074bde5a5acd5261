/** The slice of the estate that concerns one target. */
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { TargetPolicy } from '../../workflows/domain/policy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import { severityOf } from './effective-gates.ts';
import { openedIncidents } from './incident-schema.ts';
import { gatePolicy } from './gate-policy.ts';
import type { GateName } from './gate-schema.ts';
import { recoveryPolicy } from './recovery-schema.ts';
import { redeployPolicy } from './redeploy-schema.ts';
import type { Estate } from './schema.ts';

/** What the estate lacks: the nearest field that there is, and what to do. */
export interface UnknownTarget {
  field: string[];
  problem: string;
}

/** The target's policy with its digest. */
export function targetPolicy(estate: Estate, target: Target, inboxUrl: string | null = estate.inbox ?? null): TargetPolicy | UnknownTarget {
  const plant = Object.hasOwn(estate.plants, target.plant) ? estate.plants[target.plant] : undefined;
  if (!plant) return { field: ['plants'], problem: `there is no plant ${target.plant}; known are ${Object.keys(estate.plants).join(', ')}. Correct the name, or add it to the estate` };
  const circuit = Object.hasOwn(plant.circuits, target.circuit) ? plant.circuits[target.circuit] : undefined;
  if (!circuit) {
    const known = Object.keys(plant.circuits).join(', ');
    return { field: ['plants', target.plant, 'circuits'], problem: `there is no circuit ${targetLabel(target)}; known are ${known}. Correct the name, or add it to the estate` };
  }

  const { azure: { subscription: subscriptionId, resourceGroup, ...azure }, training, inference, monitoring, recovery } = estate;
  const severity = severityOf(plant, circuit);
  const gate = (name: GateName) => gatePolicy(estate, { gate: name, severity, plant: target.plant });
  const workspace = (name: string) => ({ subscriptionId, resourceGroup, workspace: name });
  const filled = (template: string): string => template.replaceAll('{plant}', target.plant).replaceAll('{circuit}', target.circuit);
  const { data: trainingData, pollEvery: trainingPoll, timeout: trainingTimeout, ...trainingRest } = training;
  const { data: inferenceData, pollEvery: inferencePoll, timeout: inferenceTimeout, ...inferenceRest } = inference;
  const { redeploy, ...execution } = { ...estate.execution, ...plant.execution, ...circuit.execution };
  const policy: Omit<TargetPolicy, 'digest' | 'inboxUrl'> = {
    target: { plant: target.plant, circuit: target.circuit },
    people: estate.people.map(({ id, aliases, calendar }) => ({ id, aliases, calendar })),
    workspaces: { dev: workspace(azure.workspaces.dev), test: workspace(azure.workspaces.test), production: workspace(azure.workspaces.production) },
    location: azure.location,
    registry: { subscriptionId, resourceGroup, registry: azure.registry },
    endpoint: filled(azure.endpointName),
    deployment: filled(azure.deploymentName),
    sensor: { station: plant.station, column: circuit.column },
    training: { ...trainingRest, dataUri: trainingData, pollMs: trainingPoll, timeoutMs: trainingTimeout },
    inference: { ...inferenceRest, dataUri: inferenceData, pollMs: inferencePoll, timeoutMs: inferenceTimeout },
    severity,
    gates: { stage1: gate('stage1'), stage3: gate('stage3'), rollback: gate('rollback') },
    approvalPer: estate.approvalPer,
    supersede: estate.supersede,
    execution: { ...execution, ...(redeploy && { redeploy: redeployPolicy(redeploy) }) },
    monitoring: { forMs: monitoring.for, everyMs: monitoring.every, runbookForMs: monitoring.runbook, rollbackForMs: monitoring.rollback, breachSeverity: monitoring.breachSeverity, onBreach: monitoring.onBreach },
    recovery: recoveryPolicy(recovery),
    ...(estate.incidents && { incidents: openedIncidents(estate.incidents.coordinate, severity) }),
    settleMs: estate.settle,
  };
  return { digest: jsonDigest(policy), inboxUrl, ...policy };
}
