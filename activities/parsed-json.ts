/** A file's text as JSON; undefined where it is none, for a schema to complain about. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
