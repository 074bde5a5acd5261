/** The request of Azure Pipelines' "Invoke REST API" check: what it says about itself, and where it wants its answer. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import { fieldInWords } from '../../../workflows/domain/issue-words.ts';
import { checkForms, checkModes, type ApprovePipelineStageInput, type CheckAddress } from '../../../workflows/domain/stage-check.ts';
import { isOrganisation } from './organisation.ts';

/** A request that its sender must correct; the message names the field. Nothing of it was kept. */
export class MalformedCheck extends Error {}

export interface CheckRequest {
  input: ApprovePipelineStageInput;
  /** The token of the job that the check is; null for the polling form, which has no use for it. Never logged, never in history. */
  token: string | null;
}

/** Checks bring their token in a header of a few kilobytes. */
const longestToken = 16_000;

/** A variable that Azure Pipelines did not know stays as it was written. */
const unexpanded = /^\$\(.*\)$/;
const filled = (value: unknown): unknown => (typeof value === 'string' && (unexpanded.test(value) || value.trim() === '') ? undefined : value);
const optional = <S extends z.ZodType>(schema: S) => z.preprocess(filled, schema.optional());
const guid = z.preprocess(filled, z.guid('must be a GUID'));
const number = z.coerce.number('must be a whole number').int('must be a whole number').positive('must be 1 or more');
const name = z.string('must be a text').trim().min(1, 'must not be empty').max(200, 'must have at most 200 characters');

const headersSchema = z.object({
  planurl: z.string('is missing'),
  projectid: guid,
  hubname: z.preprocess(filled, z.string('is missing').regex(/^[A-Za-z][A-Za-z0-9-]{0,63}$/, 'must be the name of a hub, such as build')),
  planid: guid,
  jobid: guid,
  timelineid: guid,
  taskinstanceid: guid,
  authtoken: optional(z.string().max(longestToken, `must have at most ${longestToken} characters`).regex(/^[\x21-\x7e]+$/, 'must be one line of visible characters')),
});

const bodySchema = z.object({
  buildId: z.preprocess(filled, number),
  stage: optional(name),
  attempt: optional(number),
  environment: name,
  environmentId: number,
  mode: z.enum(checkModes, 'must be observe or enforce'),
  form: z.enum(checkForms, 'must be callback or polling').default('callback'),
});

/**
 * Reads a check's request. `organisationUrl` is the one whose checks are answered: a token that came with another address is not kept, and no address of a request is ever called.
 *
 * @throws MalformedCheck
 */
export function readCheckRequest(headers: IncomingHttpHeaders, body: unknown, organisationUrl: string): CheckRequest {
  const { planurl, authtoken, hubname, ...ids } = parse(headersSchema, headers, 'header ');
  if (!isOrganisation(planurl, organisationUrl)) throw new MalformedCheck('header planurl: is not the organisation that this receiver answers; set AZURE_DEVOPS_URL to it, or attach the check of the right organisation');
  const { buildId, stage, attempt, environment, environmentId, mode, form } = parse(z.object(bodySchema.shape, 'must be one JSON object'), body, '');
  if (form === 'callback' && authtoken === undefined) throw new MalformedCheck('header authtoken: is missing; the check must send $(system.AccessToken)');
  const check: CheckAddress = { projectId: ids.projectid.toLowerCase(), hub: hubname, planId: ids.planid.toLowerCase(), timelineId: ids.timelineid.toLowerCase(), jobId: ids.jobid.toLowerCase(), taskInstanceId: ids.taskinstanceid.toLowerCase() };
  const secret = form === 'callback' ? secretName(check) : null;
  return { input: { check, buildId, stage: stage ?? null, attempt: attempt ?? 1, environment: { id: environmentId, name: environment }, mode, form, secret }, token: form === 'callback' ? authtoken! : null };
}

/** The same for every delivery of one check, so that the newest token replaces the one before. */
function secretName({ projectId, planId, jobId, taskInstanceId }: CheckAddress): string {
  return `check-${createHash('sha256').update([projectId, planId, jobId, taskInstanceId].join('\n')).digest('hex').slice(0, 40)}`;
}

function parse<S extends z.ZodType>(schema: S, value: unknown, prefix: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new MalformedCheck(parsed.error.issues.map((issue) => `${prefix}${fieldInWords(issue)}`).join('; '));
}
