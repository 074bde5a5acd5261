/** Azure Resource Manager through Microsoft's own client for Azure Machine Learning. */
import { AzureMachineLearningWorkspaces } from '@azure/arm-machinelearning';
import { createSerializer, type OperationSpec, type RawResponseCallback } from '@azure/core-client';
import type { PipelineResponse } from '@azure/core-rest-pipeline';
import { classify } from '../http/classify.ts';
import { answer, requestUrl, type RestClient, type RestRequest, type RestResponse } from '../http/rest-client.ts';
import { TokenScope, type PlatformSettings } from '../http/settings.ts';
import { createTransport } from '../http/transport.ts';

/** The typed groups that lose nothing on the way; everything else goes raw through `send`. */
export type TypedMachineLearning = Pick<AzureMachineLearningWorkspaces, 'jobs' | 'modelVersions' | 'workspaces' | 'datastores'>;

export interface ArmClient extends RestClient {
  /** Calls a typed operation of the SDK; its errors are classified like those of `send`. */
  typed<T>(subscriptionId: string, call: (client: TypedMachineLearning) => Promise<T>): Promise<T>;
}

const any = { type: { name: 'any' } } as never;

/**
 * `send` passes bodies through the SDK's pipeline untouched: its models of 2022-10-01 drop `uri` and `mode` of job inputs (Azure/azure-sdk-for-js#29328) and every newer field, and
 * fill in defaults that the service never sent.
 */
export function createArmClient(settings: Pick<PlatformSettings, 'credential' | 'resourceManagerEndpoint' | 'caFile' | 'requestTimeoutMs'>): ArmClient {
  const clients = new Map<string, AzureMachineLearningWorkspaces>();
  const httpClient = createTransport(settings);
  const clientOf = (subscriptionId: string): AzureMachineLearningWorkspaces => {
    const client = clients.get(subscriptionId) ?? new AzureMachineLearningWorkspaces(settings.credential, subscriptionId, {
      endpoint: settings.resourceManagerEndpoint,
      credentialScopes: TokenScope.ResourceManager,
      retryOptions: { maxRetries: 0 },
      httpClient,
    });
    clients.set(subscriptionId, client);
    return client;
  };
  return {
    async typed(subscriptionId, call) {
      try {
        return await call(clientOf(subscriptionId));
      } catch (error) {
        throw classify(error);
      }
    },
    async send<T>(request: RestRequest): Promise<RestResponse<T>> {
      let received: PipelineResponse | undefined;
      const onResponse: RawResponseCallback = (raw) => {
        received = raw;
      };
      try {
        // Raw requests name their subscription themselves; any client's pipeline carries them.
        const options = { onResponse, requestOptions: { customHeaders: request.headers } };
        await clientOf('').sendOperationRequest({ body: request.body, options }, rawSpec(request, settings.resourceManagerEndpoint));
      } catch (error) {
        throw classify(error);
      }
      return answer<T>(received!);
    },
  };
}

/** An operation of the SDK that neither shapes nor checks what passes through it. */
function rawSpec(request: RestRequest, endpoint: string): OperationSpec {
  const succeeded = { bodyMapper: any };
  return {
    httpMethod: request.method,
    path: requestUrl(request, endpoint),
    responses: { 200: succeeded, 201: succeeded, 202: succeeded, 204: {}, default: { bodyMapper: any, isError: true } },
    ...(request.body === undefined ? {} : { requestBody: { parameterPath: 'body', mapper: any }, contentType: request.contentType ?? 'application/json' }),
    serializer: createSerializer(),
  };
}
