import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../core/clock.ts';
import type { Store } from '../core/store.ts';
import { PROD_WORKSPACE, RESOURCE_GROUP, SUBSCRIPTION_ID, machineLearningId } from '../core/tenancy.ts';

/** The body of `POST /_sandbox/alerts`. */
export const alertOrderSchema = z.strictObject({
  plant: z.string().min(1),
  circuit: z.string().min(1),
  rule: z.string().min(1),
  severity: z.enum(['Sev0', 'Sev1', 'Sev2', 'Sev3', 'Sev4']).default('Sev2'),
  condition: z.enum(['Fired', 'Resolved']).default('Fired'),
  description: z.string().default(''),
});

export type AlertOrder = z.infer<typeof alertOrderSchema>;

/** An alert as Azure Monitor's alerts API shows it. */
export interface Alert {
  id: string;
  type: 'Microsoft.AlertsManagement/alerts';
  name: string;
  properties: { essentials: Essentials };
}

export interface Essentials {
  severity: string;
  signalType: string;
  alertState: string;
  monitorCondition: 'Fired' | 'Resolved';
  targetResource: string;
  targetResourceName: string;
  targetResourceGroup: string;
  targetResourceType: string;
  monitorService: string;
  alertRule: string;
  startDateTime: string;
  lastModifiedDateTime: string;
  lastModifiedUserName: string;
  monitorConditionResolvedDateTime?: string;
  description: string;
}

const ALERTS = 'alerts';

/** The alerts of the circuits' batch deployments in the production workspace. */
export class Alerts {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(name: string): Alert | undefined {
    return this.#store.get<Alert>(ALERTS, name);
  }

  list(): Alert[] {
    return this.#store.list<Alert>(ALERTS);
  }

  /** A new alert with its condition fired. */
  fire({ plant, circuit, rule, severity, description }: AlertOrder): Alert {
    const name = randomUUID();
    const now = this.#clock.iso();
    const essentials: Essentials = {
      severity,
      signalType: 'Metric',
      alertState: 'New',
      monitorCondition: 'Fired',
      targetResource: deploymentId(plant, circuit),
      targetResourceName: `deployment-circuit-${circuit}`,
      targetResourceGroup: RESOURCE_GROUP,
      targetResourceType: 'microsoft.machinelearningservices/workspaces/batchendpoints/deployments',
      monitorService: 'Platform',
      alertRule: rule,
      startDateTime: now,
      lastModifiedDateTime: now,
      lastModifiedUserName: 'System',
      description,
    };
    const id = `/subscriptions/${SUBSCRIPTION_ID}/resourceGroups/${RESOURCE_GROUP}/providers/Microsoft.AlertsManagement/alerts/${name}`;
    const alert: Alert = { id, type: 'Microsoft.AlertsManagement/alerts', name, properties: { essentials } };
    this.#store.put(ALERTS, name, alert);
    return alert;
  }

  /** Resolves the newest fired alert of that rule and circuit; undefined when there is none. */
  resolve({ plant, circuit, rule }: AlertOrder): Alert | undefined {
    const alert = this.list().findLast(({ properties: { essentials } }) =>
      essentials.monitorCondition === 'Fired'
      && essentials.alertRule === rule
      && essentials.targetResource === deploymentId(plant, circuit));
    if (!alert) return undefined;
    const { essentials } = alert.properties;
    essentials.monitorCondition = 'Resolved';
    essentials.monitorConditionResolvedDateTime = this.#clock.iso();
    essentials.lastModifiedDateTime = essentials.monitorConditionResolvedDateTime;
    this.#store.put(ALERTS, alert.name, alert);
    return alert;
  }
}

/** ARM id of the circuit's batch deployment on its plant's endpoint in production. */
function deploymentId(plant: string, circuit: string): string {
  return machineLearningId(
    `workspaces/${PROD_WORKSPACE}/batchEndpoints/batch-endpoint-plant-${plant}/deployments/deployment-circuit-${circuit}`,
  );
}
