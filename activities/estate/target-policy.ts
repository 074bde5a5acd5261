/** The slice of the estate that concerns one target. */
import { jsonDigest } from '../../workflows/domain/digest.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { GatePolicy, TargetPolicy } from '../../workflows/domain/policy.ts';
import type { Target } from '../../workflows/domain/vocabulary.ts';
import type { Estate } from './schema.ts';

/** What the estate lacks: the nearest field that there is, and what to do. */
export interface UnknownTarget {
  field: string[];
  problem: string;
}

/** The target's policy with its digest. */
export function targetPolicy(estate: Estate, target: Target): TargetPolicy | UnknownTarget {
  const plant = Object.hasOwn(estate.plants, target.plant) ? estate.plants[target.plant] : undefined;
  if (!plant) return { field: ['plants'], problem: `there is no plant ${target.plant}; known are ${Object.keys(estate.plants).join(', ')}. Add it, or correct the path of the configuration` };
  const column = Object.hasOwn(plant.circuits, target.circuit) ? plant.circuits[target.circuit] : undefined;
  if (column === undefined) {
    const known = Object.keys(plant.circuits).join(', ');
    return { field: ['plants', target.plant, 'circuits'], problem: `there is no circuit ${targetLabel(target)}; known are ${known}. Add it, or correct the path of the configuration` };
  }

  const { azure: { subscription: subscriptionId, resourceGroup, ...azure }, training, inference, gates, monitoring } = estate;
  const workspace = (name: string) => ({ subscriptionId, resourceGroup, workspace: name });
  const filled = (template: string): string => template.replaceAll('{plant}', target.plant).replaceAll('{circuit}', target.circuit);
  const { data: trainingData, pollEvery: trainingPoll, timeout: trainingTimeout, ...trainingRest } = training;
  const { data: inferenceData, pollEvery: inferencePoll, timeout: inferenceTimeout, ...inferenceRest } = inference;
  const policy: Omit<TargetPolicy, 'digest'> = {
    target: { plant: target.plant, circuit: target.circuit },
    people: estate.people,
    workspaces: { dev: workspace(azure.workspaces.dev), test: workspace(azure.workspaces.test), production: workspace(azure.workspaces.production) },
    location: azure.location,
    registry: { subscriptionId, resourceGroup, registry: azure.registry },
    endpoint: filled(azure.endpointName),
    deployment: filled(azure.deploymentName),
    sensor: { station: plant.station, column },
    training: { ...trainingRest, dataUri: trainingData, pollMs: trainingPoll, timeoutMs: trainingTimeout },
    inference: { ...inferenceRest, dataUri: inferenceData, pollMs: inferencePoll, timeoutMs: inferenceTimeout },
    gates: { stage1: gatePolicy(gates.stage1), stage3: gatePolicy(gates.stage3), rollback: gatePolicy(gates.rollback) },
    monitoring: { forMs: monitoring.for, everyMs: monitoring.every, runbookForMs: monitoring.runbook, breachSeverity: monitoring.breachSeverity, onBreach: monitoring.onBreach },
    execution: estate.execution,
    settleMs: estate.settle,
  };
  return { digest: jsonDigest(policy), ...policy };
}

function gatePolicy({ deadline, remindAfter, ...gate }: Estate['gates']['stage1']): GatePolicy {
  return { ...gate, deadlineMs: deadline, remindAfterMs: remindAfter };
}
