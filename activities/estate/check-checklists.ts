/** Machine items of checklists: each must be something that the gate's runbook can look at, or the gate could never be approved. */
import { canCheck, checksOf, machineChecks, nearestName, type CheckedGate } from '../../workflows/domain/machine-checks.ts';
import type { Complain } from './complaints.ts';
import { effectiveGate, gateVariants, writtenParts, type GateVariant } from './effective-gates.ts';
import type { Estate } from './schema.ts';
import { stageVariant } from './stage-policy.ts';
import type { UnknownTarget } from './target-policy.ts';

const kinds: Record<CheckedGate, string> = { release: 'the gate of a release', stage: "the gate before a pipeline's stage" };

/** Names of nothing are complained about wherever they are written; names of another runbook's checks where the item holds for a gate. */
export function checkMachineItems(estate: Estate, complain: Complain): void {
  for (const { path, part } of writtenParts(estate)) {
    part.checklist?.forEach(({ id, by }, index) => {
      if (by === 'machine' && !Object.hasOwn(machineChecks, id)) complain([...path, 'checklist', index, 'id'], unknownCheck(id, Object.keys(machineChecks)));
    });
  }
  const said = new Set<string>();
  const check = (variant: GateVariant, kind: CheckedGate, whose: string): void => {
    const problem = uncheckable(estate, variant, kind);
    if (problem === null || said.has(JSON.stringify(problem))) return;
    said.add(JSON.stringify(problem));
    complain(problem.field, `${problem.problem}${whose}`);
  };
  // A rollback's own gate asks for no checklist at all.
  for (const variant of gateVariants({ plants: estate.plants, azureDevOps: { ...estate.azureDevOps, stages: { ...estate.azureDevOps.stages, environments: {} } } })) if (variant.gate !== 'rollback') check(variant, 'release', '');
  for (const environment of Object.keys(estate.azureDevOps.stages.environments)) check(stageVariant(estate, environment), 'stage', ` (environment ${environment})`);
}

/** The first item of a gate that exists as a check, but not for gates of this kind; null if there is none. */
export function uncheckable(estate: Estate, variant: GateVariant, kind: CheckedGate): UnknownTarget | null {
  const { fields, origin } = effectiveGate(estate, variant);
  const index = fields.checklist?.findIndex(({ id, by }) => by === 'machine' && Object.hasOwn(machineChecks, id) && !canCheck(kind, id)) ?? -1;
  return index < 0 ? null : { field: [...origin('checklist'), index, 'id'].map(String), problem: `${kinds[kind]} cannot check "${fields.checklist![index]!.id}"; what it can check is ${checksOf[kind].join(', ')}. Make it an item "by: person", or give these gates a severity of their own in gateDefaults` };
}

function unknownCheck(id: string, names: readonly string[]): string {
  const nearest = nearestName(id, names);
  return `no machine can check "${id}"${nearest === null ? '.' : `; do you mean "${nearest}"?`} There are ${names.join(', ')}. Or make it an item "by: person"`;
}
