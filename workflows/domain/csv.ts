/** A table as a file: cells with commas, quotation marks or line breaks are quoted (RFC 4180, with `\n`). */
export function csvText(rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return rows.map((row) => row.map(cell).join(',')).join('\n').concat('\n');
}
