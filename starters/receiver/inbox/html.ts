/**
 * HTML from templates. Whatever is put into a template is escaped unless it is itself the result of one, so that forgetting to escape is not possible: there is no other way to make
 * an `Html`. Thirty lines of our own, because a library would bring a build step or a component model for pages that have neither. Attributes must stand in double quotes.
 */
const made = Symbol('made by a template');

export class Html {
  readonly text: string;

  constructor(key: typeof made, text: string) {
    if (key !== made) throw new TypeError('Html is made by the template only');
    this.text = text;
  }
}

/** Nothing is shown for null, undefined and false; lists are shown one after the other. */
export type Content = Html | string | number | null | undefined | false | readonly Content[];

export function html(literal: TemplateStringsArray, ...values: readonly Content[]): Html {
  return new Html(made, literal.reduce((text, part, index) => text + render(values[index - 1]) + part));
}

function render(value: Content): string {
  if (value === null || value === undefined || value === false) return '';
  if (value instanceof Html) return value.text;
  if (typeof value === 'object') return value.map(render).join('');
  return String(value).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
