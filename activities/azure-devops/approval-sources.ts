/** Whose approvals count for a gate: the stages of pipelines and classic releases that the estate names. */
import type { ApprovalSource } from '../../workflows/domain/approval-tag.ts';
import type { AzureApproval } from './approvals.ts';

/** Whether the estate names that stage for that gate: null if so, else why not, in one sentence. `stages` are the names of the approval's stage; empty where it could not be found. */
export function sourceProblem(sources: readonly ApprovalSource[], { ref, definition }: Pick<AzureApproval, 'ref' | 'definition'>, stages: readonly string[], gate: string): string | null {
  const kind = ref.kind === 'pipelines' ? 'pipeline' : 'release';
  const forGate = sources.filter((source) => source.gate === gate);
  const isNamed = forGate.some((source) => definition !== null && isDefinition(source[kind], definition) && stages.some((stage) => same(stage, source.stage)));
  if (isNamed) return null;
  const found = definition === null ? `its ${kind} is not known` : stages.length === 0 ? `its stage in ${kind} ${definition.name} is not known` : `it is of stage ${stages[0]} in ${kind} ${definition.name}`;
  const named = forGate.map(({ pipeline, release, stage }) => `stage ${stage} in ${pipeline === undefined ? `release ${release}` : `pipeline ${pipeline}`}`);
  return `${found}; for gate ${gate} the estate counts ${named.length === 0 ? 'no approval in Azure DevOps' : `only ${named.join(' and ')}`}`;
}

/** By its number, or by its name. */
function isDefinition(named: string | number | undefined, { id, name }: NonNullable<AzureApproval['definition']>): boolean {
  return typeof named === 'number' ? named === id : named !== undefined && same(named, name);
}

/** Azure DevOps' names are the same in any case. */
function same(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
