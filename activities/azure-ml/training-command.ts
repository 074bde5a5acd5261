/** The estate's training command, filled in for one circuit. */

/** What stands between `$[[` and `]]` is left out when the optional input is not given, as in Azure ML's own component commands. */
const optionalPart = /\s*\$\[\[(.*?)\]\]/g;
const placeholder = /(?<![$\w])\{(\w+)\}/g;

/**
 * Replaces `{location}` and `{column}` by the circuit's sensor, quoted for a POSIX shell. `${{inputs.…}}` and `${{outputs.…}}` are Azure ML's and stay.
 */
export function trainingCommand(template: string, values: Record<string, string>, withProductionModel: boolean): string {
  return template
    .replace(optionalPart, (_whole, part: string) => (withProductionModel ? ` ${part.trim()}` : ''))
    .replace(placeholder, (whole, name: string) => (values[name] === undefined ? whole : shellQuoted(values[name])));
}

/** Plain words stay readable; anything else goes between single quotes. */
function shellQuoted(text: string): string {
  return /^[\w.@%+=:,/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
