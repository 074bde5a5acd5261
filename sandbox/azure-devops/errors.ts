import { VendorError } from '../core/context.ts';

/**
 * An error in the shape of Azure DevOps.
 * @param typeKey the exception's short name, for example `GitPullRequestNotFoundException`
 */
export function devOpsError(statusCode: number, typeKey: string, message: string): VendorError {
  return new VendorError(statusCode, devOpsErrorBody(typeKey, message));
}

/** The body alone. */
export function devOpsErrorBody(typeKey: string, message: string): object {
  return {
    $id: '1',
    innerException: null,
    message,
    typeName: `Microsoft.TeamFoundation.Framework.Server.${typeKey}, Microsoft.TeamFoundation.Framework.Server`,
    typeKey,
    errorCode: 0,
    eventId: 3000,
  };
}

/** A wrong or missing property of a request. */
export function invalidArgument(message: string): VendorError {
  return devOpsError(400, 'VssPropertyValidationException', message);
}
