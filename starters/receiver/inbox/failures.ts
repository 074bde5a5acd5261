/** What a person is told when a page cannot be shown: what it means for their decision, and never more of the error than its meaning. */
import { WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { FastifyError } from 'fastify';
import { GateSilent } from '../../gates/read-gate.ts';
import { isLate, isUnavailable } from '../../temporal-connection.ts';
import { ForeignHost, ForgedRequest } from './guard.ts';
import { html, type Content } from './html.ts';
import { SignInFailed } from './open-id.ts';
import { messagePage, type Page } from './pages/layout.ts';
import { paths } from './paths.ts';
import { TooManyTries } from './sign-in-limits.ts';
import { span } from './time-text.ts';

/** Nobody has taken the decision yet, and it may still be counted. */
export function isUndecided(error: unknown): boolean {
  return error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isLate(error);
}

export function failurePage(error: FastifyError): { page: Page; status: number; isDefect: boolean } {
  const say = (status: number, title: string, ...paragraphs: Content[]): ReturnType<typeof failurePage> => ({ page: messagePage(title, ...paragraphs, html`<a class="button" href="${paths.list}">To what waits</a>`), status, isDefect: status === 500 });
  if (error instanceof ForgedRequest) return say(403, 'This form was not taken', 'It did not come from a page of yours that is still valid, so nothing was decided. Open the page again, and decide there.');
  if (error instanceof ForeignHost) return say(421, 'Not by this name', 'This receiver serves its own machine only: open it as localhost or 127.0.0.1. To serve others, its operator gives it an address (HOLDPOINT_INBOX_URL) and an identity provider.');
  if (error instanceof SignInFailed) return say(502, 'The sign-in did not work', `You are not signed in: ${error.message}.`, html`<a class="button" href="${paths.signIn}">Try again</a>`);
  if (error instanceof WorkflowNotFoundError) return say(404, 'There is no such run', 'It may have ended long ago: the record still has its decisions.');
  if (error instanceof GateSilent) return say(503, 'The run does not answer', 'No worker serves it at the moment, so what it asks cannot be shown. Nothing was decided. The operator has to look at the workers.');
  if (isUndecided(error)) return say(504, 'Nobody has taken it yet', 'No worker answered in time. If you have sent a decision, it may still be counted once one does: look again before you repeat it.');
  if (isUnavailable(error)) return say(503, 'Temporal does not answer', 'Nothing was decided. Try again in a moment.');
  if (error instanceof TooManyTries) return say(429, 'Too many attempts', `There were too many wrong passwords for this name. Try again in ${span(error.retryAfterSeconds * 1000)}.`);
  if (error.statusCode === 429) return say(429, 'Too many attempts', 'Wait a minute, then try again.');
  if (error.statusCode !== undefined && error.statusCode < 500) return say(error.statusCode, 'That cannot be done', 'The request is not one that a page of the inbox makes.');
  return say(500, 'That did not work', 'Something unexpected happened; it is in the receiver’s log. Look again before you repeat a decision.');
}
