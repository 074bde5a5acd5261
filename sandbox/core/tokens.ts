import { createHmac, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from './clock.ts';
import type { Store } from './store.ts';
import { CLIENT_ID, TENANT_ID } from './tenancy.ts';

/** Lifetime of an access token, by the stand-in's clock. */
export const TOKEN_LIFETIME_S = 3600;

export type Refusal = 'missing' | 'invalid' | 'audience' | 'expired';

interface Claims {
  aud: string;
  iss: string;
  iat: number;
  exp: number;
  appid: string;
  tid: string;
  jti: string;
  /** Set for the jobs of the first start's seed: see `unrecorded` in ledger.ts. */
  unrecorded?: true;
}

/**
 * Access tokens in the form of a JWT. Signed here with one HMAC instead of by a library: clients must treat an access token as
 * opaque, and nobody but this process reads it.
 */
export class Tokens {
  readonly #clock: Clock;
  readonly #key: string;

  constructor(store: Store, clock: Clock) {
    this.#clock = clock;
    const kept = store.get<{ key: string }>('token-keys', 'current');
    this.#key = kept?.key ?? randomBytes(32).toString('base64url');
    if (!kept) store.put('token-keys', 'current', { key: this.#key });
  }

  /**
   * A token for one audience (one of `AUDIENCE` in tenancy.ts).
   * @param unrecorded whether what is done with it stays out of the ledger and is spared by faults
   */
  issue(audience: string, lifetimeS: number = TOKEN_LIFETIME_S, unrecorded = false): string {
    const iat = Math.floor(this.#clock.nowMs() / 1000);
    const claims: Claims = {
      aud: audience,
      iss: `https://sts.windows.net/${TENANT_ID}/`,
      iat,
      exp: iat + lifetimeS,
      appid: CLIENT_ID,
      tid: TENANT_ID,
      jti: randomUUID(),
      ...(unrecorded ? { unrecorded } : {}),
    };
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const signed = `${encode({ typ: 'JWT', alg: 'HS256' })}.${encode(claims)}`;
    return `${signed}.${this.#sign(signed)}`;
  }

  /** Why the token is refused for this audience, or what a good one says. */
  verify(token: string, audience: string): Refusal | Claims {
    const [header, payload, signature] = token.split('.');
    if (!header || !payload || !signature) return 'invalid';
    const expected = Buffer.from(this.#sign(`${header}.${payload}`));
    const given = Buffer.from(signature);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'invalid';
    const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims;
    if (claims.aud !== audience) return 'audience';
    return claims.exp * 1000 <= this.#clock.nowMs() ? 'expired' : claims;
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}

export interface GuardOptions {
  audience: string;
  /** Another way in, for example a signature in the URL; true lets the request pass. */
  alternative?: (request: FastifyRequest) => boolean;
  /** The platform's own body of a 401; the default is that of Azure Resource Manager. */
  body?: (refusal: Refusal, message: string) => unknown;
}

const MESSAGES: Record<Refusal, string> = {
  missing: "Authentication failed. The 'Authorization' header is missing.",
  invalid: 'The access token is invalid.',
  audience: 'The access token has been obtained for wrong audience or resource.',
  expired: 'The access token expiry UTC time is earlier than current UTC time.',
};

const CODES: Record<Refusal, string> = {
  missing: 'AuthenticationFailed',
  invalid: 'InvalidAuthenticationToken',
  audience: 'InvalidAuthenticationTokenAudience',
  expired: 'ExpiredAuthenticationToken',
};

/**
 * An onRequest hook that answers 401 unless the request carries a good bearer token for the audience. Add it inside a plugin:
 * it then guards that plugin's routes only.
 */
export function tokenGuard(tokens: Tokens, { audience, alternative, body }: GuardOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply | undefined> => {
    if (alternative?.(request)) return undefined;
    const bearer = /^Bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    const verdict = bearer ? tokens.verify(bearer, audience) : 'missing';
    if (typeof verdict === 'object') {
      request.unrecorded = verdict.unrecorded ?? false;
      return undefined;
    }
    const answer = body?.(verdict, MESSAGES[verdict]) ?? { error: { code: CODES[verdict], message: MESSAGES[verdict] } };
    return reply.code(401).header('www-authenticate', challenge(verdict)).send(answer);
  };
}

/**
 * After an advance of the clock the client believes a token good that has expired here. Azure's challenge for a token that was
 * revoked early (continuous access evaluation) makes the SDKs fetch a new one, so that is what an expired token gets.
 */
function challenge(refusal: Refusal): string {
  const realm = `Bearer realm="", authorization_uri="https://login.microsoftonline.com/common/oauth2/authorize"`;
  if (refusal !== 'expired') return `${realm}, error="invalid_token", error_description="${MESSAGES[refusal]}"`;
  const claims = Buffer.from(JSON.stringify({ access_token: { nbf: { essential: true, value: '0' } } })).toString('base64');
  return `${realm}, error="insufficient_claims", claims="${claims}"`;
}
