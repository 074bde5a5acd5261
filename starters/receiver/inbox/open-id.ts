/** Sign-in at the company's identity provider: OpenID Connect, authorization code with PKCE, state and nonce. */
import * as openid from 'openid-client';

export interface OpenIdSettings {
  issuer: string;
  clientId: string;
  clientSecret: string | undefined;
  /** The claim of the ID token that names the person as the estate knows them. */
  personClaim: string;
  /** Plain HTTP to the provider: only for a provider on this machine. */
  allowInsecure: boolean;
}

/** What must be kept, for this browser only, until the person comes back. */
export interface OpenIdRequest {
  state: string;
  nonce: string;
  codeVerifier: string;
}

/** The provider did not say who it is, or said it in a way that does not hold. What is wrong stands in the cause, for the log. */
export class SignInFailed extends Error {}

export class OpenId {
  readonly #settings: OpenIdSettings;
  #configuration: Promise<openid.Configuration> | null = null;

  constructor(settings: OpenIdSettings) {
    this.#settings = settings;
  }

  /** Where to send the browser. `redirectUri` must be registered with the provider. */
  async begin(redirectUri: string): Promise<{ url: string; request: OpenIdRequest }> {
    const configuration = await this.#discovered();
    const request = { state: openid.randomState(), nonce: openid.randomNonce(), codeVerifier: openid.randomPKCECodeVerifier() };
    const url = openid.buildAuthorizationUrl(configuration, {
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state: request.state,
      nonce: request.nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(request.codeVerifier),
      code_challenge_method: 'S256',
    });
    return { url: url.href, request };
  }

  /**
   * The name that the provider gives the person who came back to `returnedTo`, the whole address with its query.
   *
   * @throws SignInFailed
   */
  async finish(returnedTo: string, { state, nonce, codeVerifier }: OpenIdRequest): Promise<string> {
    const configuration = await this.#discovered();
    const { personClaim } = this.#settings;
    const claims = await openid
      .authorizationCodeGrant(configuration, new URL(returnedTo), { expectedState: state, expectedNonce: nonce, pkceCodeVerifier: codeVerifier, idTokenExpected: true })
      .then((tokens) => tokens.claims(), (cause: unknown) => Promise.reject(new SignInFailed('the identity provider did not confirm the sign-in', { cause })));
    const name = claims?.[personClaim];
    if (typeof name !== 'string' || name === '') throw new SignInFailed(`the identity provider gives no "${personClaim}"`);
    // Some providers let people type any address: one that nobody has verified names nobody.
    if (personClaim === 'email' && claims?.['email_verified'] !== true) throw new SignInFailed('the identity provider has not verified the e-mail address');
    return name;
  }

  /** Asked for once, and again after a failure: a provider that is away must not keep the receiver from starting. */
  async #discovered(): Promise<openid.Configuration> {
    const { issuer, clientId, clientSecret, allowInsecure } = this.#settings;
    this.#configuration ??= openid.discovery(new URL(issuer), clientId, clientSecret, undefined, { timeout: 10, ...(allowInsecure && { execute: [openid.allowInsecureRequests] }) });
    try {
      return await this.#configuration;
    } catch (cause) {
      this.#configuration = null;
      throw new SignInFailed('the identity provider does not answer', { cause });
    }
  }
}
