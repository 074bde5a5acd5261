/** How a change's release ended, in words and in one outcome. */
import type { RefusedFile } from './circuit-config.ts';
import { targetLabel } from './ids.ts';
import type { Change, CircuitResult, ReleaseChangeInput, ReleaseChangeResult } from './release.ts';

/** `succeeded` if a release was started; `expired` if all that was waited for never came; `rejected` if there was nothing that could be released; else `failed`. */
export function summarise(input: ReleaseChangeInput, { refused, notes }: Change, circuits: CircuitResult[]): ReleaseChangeResult {
  const of = (state: CircuitResult['state']) => circuits.filter((circuit) => circuit.state === state).map(({ target }) => targetLabel(target));
  const [released, failed, already, expired, rejected] = [of('released'), of('failed'), of('alreadyReleased'), of('expired'), of('rejected')];
  const parts = [
    ...(released.length > 0 ? [`released ${released.join(', ')}`] : []),
    ...(failed.length > 0 ? [`failed ${failed.join(', ')}`] : []),
    ...(expired.length > 0 ? [`not in time: ${expired.join(', ')}`] : []),
    ...(rejected.length > 0 ? [`rejected ${rejected.join(', ')}`] : []),
    ...(already.length > 0 ? [`released before: ${already.join(', ')}`] : []),
    ...(refused.length > 0 ? [`refused ${refused.map(location).join(', ')}`] : []),
  ];
  const outcome = released.length > 0 ? 'succeeded' : failed.length > 0 ? 'failed' : expired.length > 0 ? 'expired' : 'rejected';
  return { outcome, reason: parts.join('; ') || 'the change configures no circuit', pullRequest: input.pullRequestId, circuits, refused, notes };
}

/** The comment that the author of a malformed file gets. */
export function refusalsComment(refused: readonly RefusedFile[]): string {
  return ['Holdpoint refused these configuration files; their circuits were not trained. Correct them in a new pull request.', '', ...refused.map((file) => `- \`${location(file)}\`: ${file.reason}`)].join('\n');
}

function location({ path, line }: RefusedFile): string {
  return line === null ? path : `${path}:${line}`;
}
