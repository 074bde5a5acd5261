/** Fields of an estate file that still wait for a person: a draft has them, and no runbook may run on them. */
import { isScalar, LineCounter, parseDocument, visit } from 'yaml';

const pattern = /^TODO(:|$)/;

export interface Placeholder {
  /** Counted from 1. */
  line: number;
  /** Where the value, or the key, stands, such as `azure.subscription`. */
  field: string;
  /** What is wanted. */
  what: string;
}

/** All values and keys that begin with `TODO:`, in the order of the file; none of a text that is no YAML. */
export function placeholdersIn(text: string): Placeholder[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) return [];
  const found: Placeholder[] = [];
  visit(document, {
    Scalar(_key, node, ancestors) {
      if (typeof node.value !== 'string' || !pattern.test(node.value)) return;
      const field = ancestors.flatMap((ancestor, depth): string[] => {
        const inner: unknown = ancestors[depth + 1] ?? node;
        if (typeof ancestor !== 'object' || ancestor === null || !('items' in ancestor)) return [];
        const items = ancestor.items as unknown[];
        const index = items.indexOf(inner);
        const item = items[index] as { key?: unknown } | undefined;
        return [isScalar(item?.key) ? String(item.key.value) : String(index)];
      });
      found.push({ line: lines.linePos(node.range![0]).line, field: field.join('.'), what: node.value.replace(/^TODO:?\s*/, '') });
    },
  });
  return found;
}
