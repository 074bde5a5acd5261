/** Names that other systems see: workflow ids, model names, model versions. */
import type { Target } from './vocabulary.ts';

const namePattern = /^[A-Za-z0-9][A-Za-z0-9-]{0,31}$/;

/** Whether a plant or circuit may be called this; it becomes part of workflow ids and of Azure resource names. */
export function isTargetName(name: string): boolean {
  return namePattern.test(name);
}

/** Percent-encodes what a workflow id may not carry: everything outside `[A-Za-z0-9._-]`, `:` being the separator and `/` breaking behind proxies. */
export function idPart(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*~]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** One `releaseChange` for each completed pull request. */
export function releaseChangeId(repositoryId: string, pullRequestId: number): string {
  return ['releaseChange', idPart(repositoryId), String(pullRequestId)].join(':');
}

/** One `updateEnvironment` for each completed pull request. */
export function updateEnvironmentId(repositoryId: string, pullRequestId: number): string {
  return ['updateEnvironment', idPart(repositoryId), String(pullRequestId)].join(':');
}

/** One `releaseModel` for each version of a circuit's model. */
export function releaseModelId(target: Target, version: string): string {
  return ['releaseModel', idPart(target.plant), idPart(target.circuit), idPart(version)].join(':');
}

/** One `rollBackModel` at a time for each circuit. */
export function rollBackModelId(target: Target): string {
  return ['rollBackModel', idPart(target.plant), idPart(target.circuit)].join(':');
}

/** One `investigateDegradation` at a time for each circuit. */
export function investigateDegradationId(target: Target): string {
  return ['investigateDegradation', idPart(target.plant), idPart(target.circuit)].join(':');
}

/** One `retrainOnDrift` at a time for each circuit. */
export function retrainOnDriftId(target: Target): string {
  return ['retrainOnDrift', idPart(target.plant), idPart(target.circuit)].join(':');
}

/** One run for each period, such as `2026-11`, of what is one at a time for each circuit otherwise. */
export function scheduledRunId(unscheduledId: string, periodId: string): string {
  return [unscheduledId, idPart(periodId)].join(':');
}

/** Whether a run is the one of this id, or a schedule's of the same circuit. */
export function isRunOf(workflowId: string, unscheduledId: string): boolean {
  return workflowId === unscheduledId || workflowId.startsWith(`${unscheduledId}:`);
}

/** The model version that a pull request's configuration makes; `configDigest` is the hexadecimal SHA-256 of the configuration. */
export function baseModelVersion(pullRequestId: number, configDigest: string): string {
  return `${pullRequestId}-${configDigest.slice(0, 8)}`;
}

/** The registered name of a circuit's model. */
export function modelName(target: Target): string {
  return `${target.plant}-${target.circuit}`;
}

/** The version at the end of a model's asset id; empty where there is none. */
export function assetVersion(assetId: string | null): string {
  return /\/versions\/([^/]+)$/.exec(assetId ?? '')?.[1] ?? '';
}

/** How people write a target. */
export function targetLabel(target: Target): string {
  return `${target.plant}/${target.circuit}`;
}
