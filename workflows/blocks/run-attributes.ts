/** The search attributes of a run: what changes in the same moment is written as one event. */
import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common';
import { upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import type { SearchAttributeName } from '../domain/search-attributes.ts';
import { updatePairs } from './search-attribute-pairs.ts';

export type AttributeValues = Partial<Record<SearchAttributeName, string | Date>>;

export class RunAttributes {
  readonly #isWaiting: () => boolean;
  #pending: AttributeValues | null = null;

  /** @param isWaiting whether a gate is open when the attributes are written; those of a closed one go with whatever is written next. */
  constructor(isWaiting: () => boolean) {
    this.#isWaiting = isWaiting;
  }

  /** Entering a phase and opening its gate are written together. */
  set(values: AttributeValues): void {
    if (this.#pending === null) void Promise.resolve().then(() => this.flush());
    this.#pending = { ...this.#pending, ...values };
  }

  flush(): void {
    if (this.#pending === null) return;
    const closedGate = !this.#isWaiting() && wasWaiting() ? { Gate: null, GateOpened: null, GateDeadline: null } : {};
    const changed = updatePairs({ ...closedGate, ...this.#pending }).filter((update) => !isSet(update));
    this.#pending = null;
    if (changed.length > 0) upsertSearchAttributes(changed); // whoever starts a run sets what it begins with: no event for that
  }
}

function wasWaiting(): boolean {
  return workflowInfo().typedSearchAttributes.get(defineSearchAttributeKey('Gate', 'KEYWORD')) !== undefined;
}

function isSet({ key, value }: SearchAttributeUpdatePair): boolean {
  const present: unknown = workflowInfo().typedSearchAttributes.get(key);
  return present !== undefined && present === value;
}
