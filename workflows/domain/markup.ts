/** Text of people and platforms on its way into markup. */

/** With `&`, `<` and `>` escaped, as element content of HTML and as Slack's text want it. */
export function escapeMarkup(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
