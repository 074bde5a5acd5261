/** Where the estate sends an alert: the first route that fits decides. */
import { alertOrder, type RoutedTo } from '../../workflows/domain/alert-runbooks.ts';
import { alertSources, nameMatches, type Alert, type AlertRouting, type AlertSource } from '../../workflows/domain/alert.ts';
import { targetLabel } from '../../workflows/domain/ids.ts';
import type { Target, WorkspaceRef } from '../../workflows/domain/vocabulary.ts';
import { batchDeploymentId } from '../azure-resource-manager/resource-ids.ts';
import { isTargetOf, labelIn, type AlertRoute } from './alerts-schema.ts';
import { severityOf } from './effective-gates.ts';
import { readEstate } from './estate-file.ts';
import type { Estate } from './schema.ts';

type Routed = Pick<Estate, 'alerts' | 'azure' | 'plants'>;

export const createAlertRouteActivities = ({ estateFile }: { estateFile: string }) => ({
  /**
   * Finds the runbook and the target of an alert.
   *
   * Safe to retry because it only reads.
   *
   * @throws EstateInvalid (not retried) naming file, line and field
   */
  routeAlert: async ({ alert }: { alert: Alert }): Promise<AlertRouting> => routeOf(await readEstate(estateFile), alert),

  /** The sources whose active alerts can be read. Safe to retry because it only reads. */
  loadAlertSources: async (_input: Record<string, never>): Promise<{ sources: AlertSource[]; subscriptionId: string }> => {
    const { alerts, azure } = await readEstate(estateFile);
    return { sources: alertSources.filter((source) => alerts?.sources[source] !== undefined), subscriptionId: azure.subscription };
  },
});

export function routeOf(estate: Routed, alert: Alert): AlertRouting {
  const routes = estate.alerts?.routes ?? [];
  const index = routes.findIndex((route) => fits(route, alert));
  const route = routes[index];
  if (route === undefined) return { kind: 'unmapped', reason: `no route of the estate fits ${alert.name} of ${alert.source}${routes.length === 0 ? ': it has none' : ''}` };
  const name = `alerts.routes.${index}`;
  const target = route.target === undefined ? targetOfResources(estate, alert) : targetOfLabels(route.target, alert);
  if ('problem' in target) return { kind: 'unmapped', reason: `${name} fits, but ${target.problem}` };
  // A label is the sender's word: only what the estate knows is acted on.
  if (!isTargetOf(estate, target)) return { kind: 'unmapped', reason: `${name} fits, but the estate has no circuit ${targetLabel(target).slice(0, 100)}` };
  return { kind: 'mapped', route: name, target, order: alertOrder(route.runbook, routedTo(estate, target, route.job, alert), alert), onResolved: route.onResolved, joinForMs: route.joinFor };
}

/** What a job of Azure ML may be called. What is no such name is not taken from a label. */
const jobName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/;

function routedTo({ azure, plants }: Routed, target: Target, job: string | undefined, { labels }: Alert): RoutedTo {
  const plant = plants[target.plant]!;
  const label = job === undefined ? null : labelIn(job);
  const named = label !== null && Object.hasOwn(labels, label) ? labels[label]! : '';
  return {
    target,
    severity: severityOf(plant, plant.circuits[target.circuit]!),
    place: { workspace: productionOf(azure), endpoint: azure.endpointName.replaceAll('{plant}', target.plant), deployment: azure.deploymentName.replaceAll('{circuit}', target.circuit) },
    jobName: jobName.test(named) ? named : null,
  };
}

function productionOf({ subscription, resourceGroup, workspaces }: Routed['azure']): WorkspaceRef {
  return { subscriptionId: subscription, resourceGroup, workspace: workspaces.production };
}

function fits({ source, rules, severities, labels }: AlertRoute, alert: Alert): boolean {
  return (source === undefined || source === alert.source)
    && (rules === undefined || rules.some((rule) => nameMatches(rule, alert.name)))
    && (severities === undefined || (alert.severity !== null && severities.includes(alert.severity)))
    && Object.entries(labels ?? {}).every(([label, value]) => Object.hasOwn(alert.labels, label) && nameMatches(value, alert.labels[label]!));
}

function targetOfLabels({ plant, circuit }: Target, { labels }: Alert): Target | { problem: string } {
  const valueOf = (part: string): string | undefined => {
    const label = labelIn(part);
    if (label === null) return part;
    return Object.hasOwn(labels, label) ? labels[label] : undefined;
  };
  const target = { plant: valueOf(plant), circuit: valueOf(circuit) };
  const missing = Object.entries(target).find(([, value]) => value === undefined);
  return missing === undefined ? (target as Target) : { problem: `the alert has no ${(missing[0] === 'plant' ? plant : circuit).replace('label.', 'label ')}` };
}

/** By the ids of the production deployments; Azure writes ids in any case. */
function targetOfResources({ azure, plants }: Routed, { resources }: Alert): Target | { problem: string } {
  const workspace = productionOf(azure);
  const wanted = new Set(resources.map((id) => id.toLowerCase()));
  for (const [plant, { circuits }] of Object.entries(plants)) {
    for (const circuit of Object.keys(circuits)) {
      const id = batchDeploymentId(workspace, azure.endpointName.replaceAll('{plant}', plant), azure.deploymentName.replaceAll('{circuit}', circuit));
      if (wanted.has(id.toLowerCase())) return { plant, circuit };
    }
  }
  return { problem: 'none of its resources is a production deployment of the estate' };
}
