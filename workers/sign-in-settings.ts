/** Who may sign in to the inbox, and what must hold before anybody may: pure, so that the reader of the environment stays the only one. */
import { z } from 'zod';
import { isLoopbackHost, proxies } from './network-addresses.ts';

type Url = z.ZodType<string, string>;

/** Everybody knows the passwords of the demo's users; whoever lets others reach them must say so in these words. */
export const exposed = 'anybody-may-sign-as-alice';

/** The variables; `url` is how the other settings read one. */
export const signInSettings = (url: Url) => z.object({
  HOLDPOINT_OIDC_ISSUER: url.optional(),
  HOLDPOINT_OIDC_CLIENT_ID: z.string().min(1).optional(),
  HOLDPOINT_OIDC_CLIENT_SECRET: z.string().min(1).optional(),
  HOLDPOINT_OIDC_PERSON_CLAIM: z.string().min(1).optional(),
  HOLDPOINT_DEMO_USERS: z.enum(['off', 'loopback', exposed]).default('off'),
  HOLDPOINT_TRUSTED_PROXIES: proxies,
  SLACK_SIGNING_SECRET: z.string().min(1).optional(),
});

/** Of the demo's service hooks. */
export const demoPassword = 'demo';

/** What the demo has unless it is told otherwise. */
export const demoSignIn = { HOLDPOINT_OIDC_PERSON_CLAIM: 'preferred_username', HOLDPOINT_DEMO_USERS: 'loopback' };

type SignIn = z.output<ReturnType<typeof signInSettings>> & { HOLDPOINT_WEBHOOK_PASSWORD: string; HOLDPOINT_PROFILE: 'demo' | 'production'; HOLDPOINT_INBOX_URL?: string | undefined; HOLDPOINT_HOST: string };

/** One line for each variable that lets nobody sign in, or lets in whoever should not be. None: it is fit to start. */
export function signInProblems(given: SignIn): string[] {
  const { HOLDPOINT_PROFILE, HOLDPOINT_WEBHOOK_PASSWORD } = given;
  const hooks = HOLDPOINT_PROFILE === 'production' && HOLDPOINT_WEBHOOK_PASSWORD === demoPassword ? ['HOLDPOINT_WEBHOOK_PASSWORD: is the demo’s, which everybody knows; choose another, and give it to the service hooks and checks'] : [];
  return [...providerProblems(given), ...demoUserProblems(given), ...hooks];
}

/** Production needs HTTPS: a session that travels in the clear is anybody's. */
function providerProblems({ HOLDPOINT_PROFILE, HOLDPOINT_INBOX_URL, HOLDPOINT_OIDC_ISSUER, HOLDPOINT_OIDC_CLIENT_ID, HOLDPOINT_OIDC_PERSON_CLAIM }: SignIn): string[] {
  const lines: string[] = [];
  if (HOLDPOINT_OIDC_ISSUER !== undefined && HOLDPOINT_OIDC_CLIENT_ID === undefined) lines.push('HOLDPOINT_OIDC_CLIENT_ID: is not set; the identity provider of HOLDPOINT_OIDC_ISSUER gives it');
  if (HOLDPOINT_OIDC_ISSUER === undefined && HOLDPOINT_OIDC_CLIENT_ID !== undefined) lines.push('HOLDPOINT_OIDC_ISSUER: is not set; HOLDPOINT_OIDC_CLIENT_ID is of no use without it');
  if (HOLDPOINT_PROFILE !== 'production' || HOLDPOINT_OIDC_ISSUER === undefined) return lines;
  if (HOLDPOINT_OIDC_PERSON_CLAIM === undefined) lines.push('HOLDPOINT_OIDC_PERSON_CLAIM: is not set; name the claim of the ID token that says who a person is, one that people cannot change themselves: preferred_username, at many providers, is whatever its owner types, and who can be alice there signs as alice here');
  if (HOLDPOINT_INBOX_URL === undefined) lines.push('HOLDPOINT_INBOX_URL: is not set; give the address by which people reach the inbox');
  else if (!HOLDPOINT_INBOX_URL.startsWith('https://')) lines.push('HOLDPOINT_INBOX_URL: must begin with https:// under the profile production');
  if (!HOLDPOINT_OIDC_ISSUER.startsWith('https://')) lines.push('HOLDPOINT_OIDC_ISSUER: must begin with https:// under the profile production');
  return lines;
}

/** The demo's users sign with the real key, so their known passwords may open nothing that others reach. */
function demoUserProblems({ HOLDPOINT_PROFILE, HOLDPOINT_DEMO_USERS, HOLDPOINT_HOST, HOLDPOINT_INBOX_URL, HOLDPOINT_TRUSTED_PROXIES }: SignIn): string[] {
  if (HOLDPOINT_DEMO_USERS === 'off') return [];
  if (HOLDPOINT_PROFILE === 'production') return ['HOLDPOINT_DEMO_USERS: must be off under the profile production: everybody knows the passwords of the demo’s users'];
  if (HOLDPOINT_DEMO_USERS === exposed) return [];
  const way = !isLoopbackHost(HOLDPOINT_HOST) ? `HOLDPOINT_HOST is ${HOLDPOINT_HOST}`
    : HOLDPOINT_INBOX_URL !== undefined && !isLoopbackHost(new URL(HOLDPOINT_INBOX_URL).hostname) ? `the inbox is at ${HOLDPOINT_INBOX_URL}`
      : HOLDPOINT_TRUSTED_PROXIES.length > 0 ? 'HOLDPOINT_TRUSTED_PROXIES says that a proxy stands in front' : null;
  if (way === null) return [];
  return [`HOLDPOINT_DEMO_USERS: the demo’s users have passwords that everybody knows and sign with the real key, and others can reach the receiver: ${way}. Keep it to this machine (127.0.0.1), or set HOLDPOINT_DEMO_USERS=off and use an identity provider, or, knowing that anybody who reaches it may decide in anybody’s name, set it to ${exposed}`];
}
