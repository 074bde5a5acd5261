import type { FastifyInstance } from 'fastify';
import type { SandboxContext } from '../core/context.ts';
import type { ArmContext } from './arm-context.ts';
import { assetRoutes } from './assets.ts';
import { batchEndpointRoutes } from './batch-endpoints.ts';
import { jobRoutes } from './jobs.ts';
import { operationRoutes } from './operation-routes.ts';
import { quotaRoutes } from './quotas.ts';
import { registryModelRoutes } from './registry-models.ts';
import { applyRequestRules } from './request-rules.ts';
import { workspaceRoutes } from './workspaces.ts';

/** Azure Resource Manager for Azure Machine Learning. */
export async function azureResourceManagerPlugin(app: FastifyInstance, sandbox: SandboxContext): Promise<void> {
  const context: ArmContext = { sandbox, resources: sandbox.resources, operations: sandbox.operations };
  applyRequestRules(app, sandbox, context.resources);
  workspaceRoutes(app, context);
  assetRoutes(app, context);
  registryModelRoutes(app, context);
  jobRoutes(app, context);
  batchEndpointRoutes(app, context);
  operationRoutes(app, context);
  quotaRoutes(app, context);
}
