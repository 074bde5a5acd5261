/** Which attempt of a stage is a step's own: Azure DevOps takes no key with a deployment, so it is written into a tag before. */
import { ApplicationFailure } from '@temporalio/common';
import { FailureType } from '../../workflows/domain/failures.ts';
import type { StepKey } from '../../workflows/domain/keys.ts';

/** The tag by which a step names the attempt that it is to be. Dots, because Azure DevOps refuses a tag with a colon. */
export function planTag({ key }: StepKey, attempt: number | '' = ''): string {
  return `holdpoint.redeploy.${key}.${attempt}`;
}

/** The attempt that the step has named; undefined where it has named none. */
export function plannedAttempt(tags: readonly string[], key: StepKey): number | undefined {
  const prefix = planTag(key).toLowerCase();
  const planned = tags.filter((tag) => tag.toLowerCase().startsWith(prefix)).map((tag) => Number(tag.slice(prefix.length)));
  return planned.length === 0 ? undefined : Math.min(...planned);
}

/** Azure DevOps' tags are the same in any case. */
export function carries(tags: readonly string[] | undefined, tag: string): boolean {
  return tags?.some((each) => each.toLowerCase() === tag.toLowerCase()) ?? false;
}

/** The stage is being deployed by somebody else, whose deployment is not waited for. */
export function underWay(what: string, attempt: number): ApplicationFailure {
  return ApplicationFailure.create({ type: FailureType.Busy, message: `${what} is being deployed already (attempt ${attempt})`, nonRetryable: true });
}
