/** What Slack's Block Kit refuses, as far as messages of this product reach: the kinds of blocks, and the lengths of their parts. */

type Json = Record<string, unknown>;

/** Longest texts in characters: section, header, field, button. */
const LONGEST = { section: 3_000, header: 150, field: 2_000, button: 75, value: 2_000, url: 3_000, id: 255 } as const;

/** The problems of a message's blocks; empty where Slack would take them. */
export function blockProblems(blocks: unknown): string[] {
  if (!Array.isArray(blocks)) return ['blocks must be an array'];
  if (blocks.length === 0 || blocks.length > 50) return ['there must be 1 to 50 blocks'];
  const ids = blocks.flatMap((block) => (isObject(block) && block['block_id'] !== undefined ? [block['block_id']] : []));
  const repeated = new Set(ids).size < ids.length ? ['block_id must be unique'] : [];
  return [...repeated, ...blocks.flatMap((block, index) => problemsOf(block).map((problem) => `/blocks/${index}: ${problem}`))];
}

function problemsOf(block: unknown): string[] {
  if (!isObject(block)) return ['must be an object'];
  const id = block['block_id'] === undefined || within(block['block_id'], LONGEST.id) ? [] : ['block_id is too long'];
  switch (block['type']) {
    case 'divider':
      return id;
    case 'header':
      return [...id, ...text(block['text'], LONGEST.header, ['plain_text'])];
    case 'section':
      if (block['text'] === undefined && block['fields'] === undefined) return ['a section needs text or fields'];
      return [...id, ...(block['text'] === undefined ? [] : text(block['text'], LONGEST.section)), ...(block['fields'] === undefined ? [] : list(block['fields'], 10, (field) => text(field, LONGEST.field)))];
    case 'context':
      return [...id, ...list(block['elements'], 10, (element) => text(element, LONGEST.section))];
    case 'input':
      return [...id, ...text(block['label'], LONGEST.field, ['plain_text']), ...(isObject(block['element']) && block['element']['type'] === 'plain_text_input' ? [] : ['only text inputs are known here'])];
    case 'actions':
      return [...id, ...list(block['elements'], 25, button), ...uniqueActions(block['elements'])];
    default:
      return [`unsupported type: ${String(block['type'])}`];
  }
}

function button(element: unknown): string[] {
  if (!isObject(element) || element['type'] !== 'button') return ['only buttons are known here'];
  const style = element['style'];
  return [
    ...text(element['text'], LONGEST.button, ['plain_text']),
    ...(element['value'] === undefined || within(element['value'], LONGEST.value) ? [] : ['a value has at most 2000 characters']),
    ...(element['url'] === undefined || within(element['url'], LONGEST.url) ? [] : ['a url has at most 3000 characters']),
    ...(style === undefined || style === 'primary' || style === 'danger' ? [] : ['no such style']),
  ];
}

function uniqueActions(elements: unknown): string[] {
  const ids = (Array.isArray(elements) ? (elements as unknown[]) : []).filter(isObject).map((element) => element['action_id']);
  return new Set(ids).size < ids.length ? ['action_id must be unique'] : [];
}

function text(value: unknown, longest: number, kinds: readonly string[] = ['plain_text', 'mrkdwn']): string[] {
  if (!isObject(value) || !kinds.includes(String(value['type']))) return [`a text must be ${kinds.join(' or ')}`];
  if (value['emoji'] !== undefined && value['type'] !== 'plain_text') return ['emoji belongs to plain_text'];
  return within(value['text'], longest) && value['text'] !== '' ? [] : [`a text has 1 to ${longest} characters`];
}

function list(value: unknown, longest: number, check: (item: unknown) => string[]): string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > longest) return [`there must be 1 to ${longest}`];
  return value.flatMap(check);
}

function within(value: unknown, longest: number): boolean {
  return typeof value === 'string' && value.length <= longest;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
