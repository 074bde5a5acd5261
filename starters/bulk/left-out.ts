/** Which gates a decision on everything leaves out, unless they are named: where the same word means something else than at a stage of one circuit. */
import { freezeGateName } from '../../workflows/domain/freeze.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { ReleaseGate } from '../../workflows/domain/phases.ts';

export interface LeftOut {
  workflowId: string;
  gate: string;
  reason: 'rollback' | 'freeze' | 'noTarget';
}

/** Why it is left out; null: it is not. */
export function whyLeftOut({ gate, target }: Pick<GateView, 'gate' | 'target'>): LeftOut['reason'] | null {
  if (gate === ReleaseGate.Rollback) return 'rollback';
  if (gate === freezeGateName) return 'freeze';
  return target === null ? 'noTarget' : null;
}

/** One sentence for people; empty when nothing was left out. */
export function leftOutText(left: readonly LeftOut[]): string {
  const gatesOf = (reason: LeftOut['reason']): string[] => [...new Set(left.filter((one) => one.reason === reason).map(({ gate }) => gate))];
  const count = (reason: LeftOut['reason'], one: string, many: string): string => {
    const { length } = left.filter((each) => each.reason === reason);
    return `${length} ${length === 1 ? one : many}`;
  };
  const parts = [
    ...(gatesOf('rollback').length === 0 ? [] : [`${count('rollback', 'rollback gate', 'rollback gates')}, where to approve is to roll production back (--gate ${ReleaseGate.Rollback})`]),
    ...(gatesOf('freeze').length === 0 ? [] : [`${count('freeze', 'gate', 'gates')}, where to approve is to override a freeze (--gate ${freezeGateName})`]),
    ...(gatesOf('noTarget').length === 0 ? [] : [`${count('noTarget', 'gate', 'gates')} of no single circuit, such as those of a whole change or a review (${gatesOf('noTarget').map((gate) => `--gate ${gate}`).join(', ')})`]),
  ];
  return parts.length === 0 ? '' : `Left out, for they have to be named: ${parts.join('; ')}.`;
}
