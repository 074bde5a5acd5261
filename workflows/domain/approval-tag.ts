/**
 * How an approval in Azure Pipelines or a classic release says which gate it answers: by a tag of its run or release. A tag carries no time, so the receiver lets it count only for people
 * who decided after it had seen the tag (`starters/receiver/tag-sightings.ts`).
 */
import { isTargetName } from './ids.ts';
import type { Target } from './vocabulary.ts';

/** A stage whose approvals count for a gate: of a pipeline, or of a classic release, by the number or name of its definition. */
export interface ApprovalSource {
  gate: string;
  pipeline?: string | number | undefined;
  release?: string | number | undefined;
  stage: string;
}

export interface ApprovalTag {
  gate: string;
  target: Target;
  version: string;
}

/** `holdpoint.<gate>.<plant>.<circuit>.<version>`. Dots, because Azure DevOps refuses a tag with a colon or a slash in an address; the version comes last, for it may contain dots. */
const pattern = /^holdpoint\.([A-Za-z][A-Za-z0-9]*)\.([^.]+)\.([^.]+)\.(.+)$/;

/** Reads a tag; undefined for one that is none of ours, or whose parts cannot be names. */
export function readApprovalTag(tag: string): ApprovalTag | undefined {
  const [, gate, plant, circuit, version] = pattern.exec(tag.trim()) ?? [];
  if (gate === undefined || plant === undefined || circuit === undefined || version === undefined) return undefined;
  return isTargetName(plant) && isTargetName(circuit) ? { gate, target: { plant, circuit }, version } : undefined;
}

export function approvalTag({ gate, target: { plant, circuit }, version }: ApprovalTag): string {
  return ['holdpoint', gate, plant, circuit, version].join('.');
}
