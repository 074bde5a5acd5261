import type { FastifyInstance } from 'fastify';
import type { SandboxContext } from '../core/context.ts';
import { VendorError } from '../core/context.ts';
import { AUDIENCE, CLIENT_ID, CLIENT_SECRET, TENANT_ID } from '../core/tenancy.ts';
import { TOKEN_LIFETIME_S } from '../core/tokens.ts';

/** Microsoft Entra ID: the OpenID configuration and the token endpoint, for client credentials. */
export async function entraPlugin(app: FastifyInstance, context: SandboxContext): Promise<void> {
  const tenantUrl = () => `${context.baseUrl()}/${TENANT_ID}`;

  app.get(`/${TENANT_ID}/v2.0/.well-known/openid-configuration`, async () => ({
    issuer: `${tenantUrl()}/v2.0`,
    authorization_endpoint: `${tenantUrl()}/oauth2/v2.0/authorize`,
    token_endpoint: `${tenantUrl()}/oauth2/v2.0/token`,
    jwks_uri: `${tenantUrl()}/discovery/v2.0/keys`,
    response_types_supported: ['code', 'id_token', 'code id_token', 'id_token token'],
    subject_types_supported: ['pairwise'],
    id_token_signing_alg_values_supported: ['RS256'],
  }));

  app.post(`/${TENANT_ID}/oauth2/v2.0/token`, async (request, reply) => {
    const form = request.body instanceof URLSearchParams ? request.body : new URLSearchParams();
    if (form.get('grant_type') !== 'client_credentials') {
      throw entraError(context, 400, 'unsupported_grant_type', 70003, 'The app requested an unsupported grant type.');
    }
    if (form.get('client_id') !== CLIENT_ID) {
      throw entraError(context, 400, 'unauthorized_client', 700016, 'Application was not found in the directory.');
    }
    if (form.get('client_secret') !== CLIENT_SECRET) {
      throw entraError(context, 401, 'invalid_client', 7000215, 'Invalid client secret provided.');
    }
    const audience = audienceOf(form.get('scope') ?? '');
    if (!audience) throw entraError(context, 400, 'invalid_resource', 500011, 'The resource principal was not found in the tenant.');
    return reply.header('cache-control', 'no-store').send({
      token_type: 'Bearer',
      expires_in: TOKEN_LIFETIME_S,
      ext_expires_in: TOKEN_LIFETIME_S,
      access_token: context.tokens.issue(audience),
    });
  });
}

/** The audience of the first scope of the form `<audience>/.default` (a second slash before it is usual). */
function audienceOf(scopes: string): string | undefined {
  const resources = scopes.split(' ').flatMap((scope) => /^(.+?)\/+\.default$/.exec(scope)?.[1] ?? []);
  return Object.values(AUDIENCE).find((audience) => resources.includes(audience));
}

function entraError(context: SandboxContext, statusCode: number, error: string, code: number, message: string): VendorError {
  return new VendorError(statusCode, {
    error,
    error_description: `AADSTS${code}: ${message}`,
    error_codes: [code],
    timestamp: context.clock.iso(),
  });
}
