/**
 * The one list of search attributes; `temporal-dev.sh` reads it too, so each entry keeps to one line.
 *
 * A store on SQL has room for 10 Keyword and 3 KeywordList attributes in all; this list stays at 8 and 2. They are never encrypted: no personal data here.
 */
export const searchAttributeTypes = {
  Outcome: 'Keyword',
  Phase: 'Keyword',
  Gate: 'Keyword',
  Plant: 'Keyword',
  Circuit: 'Keyword',
  ModelVersion: 'Keyword',
  GateOpened: 'Datetime',
  GateDeadline: 'Datetime',
} as const;
export type SearchAttributeName = keyof typeof searchAttributeTypes;
