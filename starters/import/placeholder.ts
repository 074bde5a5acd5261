/** What only a person can fill in. The estate's validation refuses it, with its line: `activities/estate/placeholders.ts`. */
export function placeholder(what: string): string {
  return `TODO: ${what}`;
}
