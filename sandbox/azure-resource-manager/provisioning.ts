import type { FastifyReply, FastifyRequest } from 'fastify';
import { armError } from '../core/context.ts';
import type { ArmContext } from './arm-context.ts';
import { followByResult, followByStatus, forcedEnd } from './operations.ts';
import type { Operation, OperationEnd, OperationError } from './operations.ts';
import { definitionOf, sameDefinition } from './resources.ts';
import type { ArmBody, ArmResource } from './resources.ts';

const BUSY = ['Creating', 'Updating', 'Scaling', 'Deleting'];

/** Why a resource cannot be provisioned as it is written now, or undefined when it can. */
export type Check = (resource: ArmResource) => OperationError | undefined;

/** Answers 409 while an operation on the resource is running. */
export function refuseWhileProvisioning(resource: ArmResource | undefined): void {
  if (!resource || !BUSY.includes(String(resource.properties['provisioningState']))) return;
  const workspace = /\/workspaces\/([^/]+)/.exec(resource.id)?.[1] ?? 'of the registry';
  const message = `Conflict of operation, another operation on same entity is already running in workspace ${workspace}.`;
  throw armError(409, 'Conflict', message);
}

/**
 * Registers how the operations on one kind of resource end. A write that fails leaves the new definition in place, in the
 * provisioning state Failed, as Azure does.
 */
export function settleProvisioning({ operations, resources }: ArmContext, kind: string, check: Check): void {
  operations.settleBy(`write ${kind}`, (operation) => {
    const resource = resources.get(operation.resourceId);
    const error = resource ? check(resource) : { code: 'ResourceNotFound', message: 'The resource is gone.' };
    const end: OperationEnd = forcedEnd(operation) ?? (error ? { status: 'Failed', error } : { status: 'Succeeded' });
    resources.set(operation.resourceId, { provisioningState: end.status });
    return end;
  });
  operations.settleBy(`delete ${kind}`, (operation) => {
    const end = forcedEnd(operation) ?? { status: 'Succeeded' };
    if (end.status === 'Succeeded') resources.delete(operation.resourceId);
    else resources.set(operation.resourceId, { provisioningState: end.status });
    return end;
  });
}

/** PUT: creates or replaces. The same definition again is answered at once and changes nothing, unless the last write failed. */
export function putProvisioned(
  context: ArmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { kind, id }: { kind: string; id: string },
): FastifyReply {
  const former = context.resources.get(id);
  const body = request.body as ArmBody;
  if (typeof body?.location !== 'string') throw armError(400, 'LocationRequired', 'The location property is required for this definition.');
  refuseWhileProvisioning(former);
  if (former?.properties['provisioningState'] === 'Succeeded' && sameDefinition(former, body)) return reply.send(former);
  const state = former ? 'Updating' : 'Creating';
  const written = context.resources.write(id, body, { provisioningState: state });
  const operation = begin(context, request, `write ${kind}`, id);
  return followByStatus(context.sandbox, reply, operation).code(former ? 200 : 201).send(written);
}

/**
 * PATCH: merges tags (a null removes one) and the members named in `patchable`; everything else in the body is ignored, as it
 * is not part of the service's model of a partial resource.
 */
export function patchProvisioned(
  context: ArmContext,
  request: FastifyRequest,
  reply: FastifyReply,
  { kind, former, patchable }: { kind: string; former: ArmResource; patchable: 'description' | 'identity' },
): FastifyReply {
  refuseWhileProvisioning(former);
  const patch = (request.body ?? {}) as { tags?: Record<string, string | null>; properties?: Record<string, unknown>; identity?: unknown };
  const desired = definitionOf(former);
  for (const [name, value] of Object.entries(patch.tags ?? {})) {
    if (value === null) delete desired.tags[name];
    else desired.tags[name] = value;
  }
  if (patchable === 'description' && patch.properties?.['description'] !== undefined) {
    desired.properties['description'] = patch.properties['description'];
  }
  if (patchable === 'identity' && patch.identity !== undefined) desired['identity'] = patch.identity;
  if (sameDefinition(former, desired)) return reply.send(former);
  context.resources.write(former.id, desired, { provisioningState: 'Updating' });
  return followByResult(context.sandbox, reply, begin(context, request, `write ${kind}`, former.id)).send();
}

export function deleteProvisioned(context: ArmContext, request: FastifyRequest, reply: FastifyReply, kind: string, id: string): FastifyReply {
  const former = context.resources.get(id);
  if (!former) return reply.code(204).send();
  refuseWhileProvisioning(former);
  context.resources.set(id, { provisioningState: 'Deleting' });
  return followByResult(context.sandbox, reply, begin(context, request, `delete ${kind}`, id)).send();
}

function begin(context: ArmContext, request: FastifyRequest, action: string, resourceId: string): Operation {
  request.markChanged();
  return context.operations.start({ family: 'mfeOperations', action, resourceId, forcedEnd: request.operationFault });
}
