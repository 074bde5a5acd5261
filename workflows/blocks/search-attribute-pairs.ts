import { defineSearchAttributeKey, type SearchAttributePair, type SearchAttributeUpdatePair } from '@temporalio/common';
import { searchAttributeTypes, type SearchAttributeName } from '../domain/search-attributes.ts';

type Values = Partial<Record<SearchAttributeName, string | Date>>;

/** The product's search attributes as Temporal's SDK takes them at start. */
export function searchAttributePairs(values: Values): SearchAttributePair[] {
  return updatePairs(values) as SearchAttributePair[];
}

/** The same for a change; null takes an attribute off. */
export function updatePairs(values: Partial<Record<SearchAttributeName, string | Date | null>>): SearchAttributeUpdatePair[] {
  return Object.entries(values).map(([name, value]) =>
    searchAttributeTypes[name as SearchAttributeName] === 'Datetime'
      ? { key: defineSearchAttributeKey(name, 'DATETIME'), value: value as Date | null }
      : { key: defineSearchAttributeKey(name, 'KEYWORD'), value: value as string | null },
  );
}
