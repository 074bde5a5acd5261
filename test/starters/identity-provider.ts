/** A real identity provider for the tests of signing in. */
import { Provider } from 'oidc-provider';

/** An identity provider with one client; whoever types a name is that person. */
export function providerOf(issuer: string, redirectUri: string): Provider {
  return new Provider(issuer, {
    clients: [{ client_id: 'holdpoint', client_secret: 'a-secret-of-the-test', redirect_uris: [redirectUri], grant_types: ['authorization_code'], response_types: ['code'] }],
    claims: { openid: ['sub'], profile: ['preferred_username'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    pkce: { required: () => true },
    cookies: { keys: ['of the test'] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, preferred_username: id, email: `${id}@example.com`, email_verified: id === 'alice' }) }),
  });
}
