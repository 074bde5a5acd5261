/** Which gate holds for whom: `gateDefaults` in their order, then the gate, then the plant's own, each overriding field by field. */
import type { Severity } from '../../workflows/domain/vocabulary.ts';
import type { Path } from './complaints.ts';
import { gateEnvironments, gateNames, type GateFields, type GateName, type GatePart } from './gate-schema.ts';
import type { Estate } from './schema.ts';

/** The severity of a target that the estate gives none. */
export const ordinarySeverity: Severity = 'P2';

/** The gates of all targets of one severity, in plants without gates of their own (`plant` null) or in one that has some. */
export interface GateVariant {
  gate: GateName;
  severity: Severity;
  plant: string | null;
}

/** A gate put together, and where each of its fields stands in the file. */
export interface EffectiveGate {
  fields: GatePart;
  origin: (field: keyof GateFields) => Path;
}

type GateSources = Pick<Estate, 'gateDefaults' | 'gates' | 'plants'>;

/** Fields that a gate may leave out everywhere. `evidence` and its two parts likewise. */
const optional = { mandatoryGroups: [], rejection: 'any', escalate: [], widen: [], opening: null, checklist: [], breakGlass: [] } satisfies GatePart;
const required = ['quorum', 'approvers', 'fourEyes', 'bindEvidence', 'identity', 'deadline', 'remindAfter', 'onSilence'] as const satisfies (keyof GateFields)[];

/** The parts that make up a gate, weakest first, with where they stand. */
function partsOf({ gateDefaults, gates, plants }: GateSources, { gate, severity, plant }: GateVariant): { path: Path; part: GatePart }[] {
  const defaults = gateDefaults.map(({ severity: severities, environment, ...part }, index) => ({ severities, environment, path: ['gateDefaults', index] as Path, part: part }));
  const own = plant === null ? undefined : plants[plant]?.gates?.[gate];
  return [
    ...defaults.filter(({ severities, environment }) => (severities?.includes(severity) ?? true) && (environment?.includes(gateEnvironments[gate]) ?? true)),
    { path: ['gates', gate], part: gates[gate] },
    ...(own ? [{ path: ['plants', plant!, 'gates', gate], part: own }] : []),
  ];
}

/** The gate that holds for a target; complete unless `missingFields` says otherwise. */
export function effectiveGate(sources: GateSources, variant: GateVariant): EffectiveGate {
  const parts = partsOf(sources, variant);
  const { evidence, ...fields } = Object.assign({}, ...parts.map(({ part }) => part)) as GatePart;
  const evidenceParts = parts.map(({ part }) => part.evidence ?? {});
  return {
    fields: { ...fields, ...(evidence && { evidence: Object.assign({}, ...evidenceParts) as GatePart['evidence'] }) },
    origin: (field) => {
      const source = parts.findLast(({ part }) => part[field] !== undefined);
      return source ? [...source.path, field] : ['gates', variant.gate];
    },
  };
}

/** What no part gives and no default fills in. */
export function missingFields({ fields }: EffectiveGate): string[] {
  return required.filter((field) => fields[field] === undefined);
}

/** A gate of a valid estate, with every field. */
export function completeGate(sources: GateSources, variant: GateVariant): GateFields & { evidence: { lifetime: number | null; tolerance: Record<string, number> } } {
  const { fields } = effectiveGate(sources, variant);
  return { ...optional, ...(fields as GateFields), evidence: { lifetime: null, tolerance: {}, ...fields.evidence } };
}

/** The severity of a circuit: its own, its plant's, or the ordinary one. */
export function severityOf(plant: Pick<Estate['plants'][string], 'severity'>, circuit: { severity?: Severity | undefined }): Severity {
  return circuit.severity ?? plant.severity ?? ordinarySeverity;
}

/** Every different gate that some target, or some stage of a pipeline, has: what has to be checked. */
export function gateVariants({ plants, azureDevOps }: Pick<Estate, 'plants' | 'azureDevOps'>): GateVariant[] {
  const variants = new Map<string, GateVariant>();
  const add = (severity: Severity, plant: string | null): void => {
    for (const gate of gateNames) variants.set(JSON.stringify([gate, severity, plant]), { gate, severity, plant });
  };
  for (const [name, plant] of Object.entries(plants)) for (const circuit of Object.values(plant.circuits)) add(severityOf(plant, circuit), plant.gates ? name : null);
  for (const { gate, severity } of Object.values(azureDevOps.stages.environments)) variants.set(JSON.stringify([gate, severity, null]), { gate, severity, plant: null });
  if (variants.size === 0) add(ordinarySeverity, null);
  return [...variants.values()];
}

/** Every part of a gate that is written in the file, whether it holds for a target or not. */
export function writtenParts({ gateDefaults, gates, plants }: GateSources): { path: Path; part: GatePart }[] {
  const inPlants = Object.entries(plants).flatMap(([plant, { gates: own = {} }]) => Object.entries(own).map(([gate, part]) => ({ path: ['plants', plant, 'gates', gate], part: part })));
  return [
    ...gateDefaults.map((part, index) => ({ path: ['gateDefaults', index] as Path, part: part })),
    ...gateNames.map((gate) => ({ path: ['gates', gate] as Path, part: gates[gate] })),
    ...inPlants,
  ];
}
