/** A file of decisions, YAML or JSON: a list of `{run, gate, verdict, comment, evidence?}`, or what a preview printed with `--json`, which has been read meanwhile. */
import { isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';

const words = (most: number) => z.string('must be a text').trim().min(1, 'must not be empty').max(most, `must have at most ${most} characters`);

const entry = z
  .strictObject({
    run: words(1000),
    gate: words(100),
    verdict: z.enum(['approve', 'reject'], 'must be approve or reject'),
    comment: words(2000).optional(),
    evidence: z.string('must be a text; put it in quotes').regex(/^[0-9a-fA-F]{12,64}$/, 'must be the 12 digits that the card shows; put them in quotes').optional(),
  })
  .refine(({ verdict, comment }) => verdict !== 'reject' || comment !== undefined, { path: ['comment'], message: 'is missing: a rejection says why' });

export interface FileDecision extends z.infer<typeof entry> {
  /** `decisions.yml:12`. */
  where: string;
}

/** A file that cannot be used; each line of the message names file, line and field. */
export class DecisionsFileError extends Error {}

/** Complaints shown at once; the rest is counted. */
const mostComplaints = 20;

/** Of a preview's entry: what is shown beside the decision. `workflowId` stands for `run` there. */
const shownBeside = ['runId', 'target', 'question', 'recommendation', 'openedAt', 'deadline', 'remark'];

/** Reads the text of a file; `file` is for the complaints. JSON is read as the YAML that it is. */
export function parseDecisions(text: string, file: string): FileDecision[] {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const at = (offset: number | undefined): string => `${file}:${offset === undefined ? 1 : counter.linePos(offset).line}`;
  if (document.errors.length > 0) throw complaints(document.errors.map(({ pos, message }) => `${at(pos[0])}: not valid YAML or JSON: ${message}`));
  const { contents } = document;
  const isPreview = isMap(contents) && isSeq(contents.get('preview'));
  const list = isPreview ? contents.get('preview') : contents;
  if (!isSeq(list) || list.items.length === 0) throw complaints([`${at(0)}: must be a list of decisions, each with run, gate and verdict`]);

  const found: string[] = [];
  const seen = new Map<string, string>();
  const decisions = list.items.flatMap((item): FileDecision[] => {
    const node = item as { range?: [number, number, number] | null };
    const start = node.range?.[0];
    const value = (item as { toJS?: (owner: unknown) => unknown }).toJS?.(document);
    const parsed = entry.safeParse(isPreview ? decisionIn(value) : value);
    if (!parsed.success) {
      found.push(...parsed.error.issues.flatMap((issue) => {
        const names = issue.code === 'unrecognized_keys' ? issue.keys : [issue.path[0]];
        return names.map((name) => {
          const field = name === undefined ? undefined : String(name);
          const message = issue.code === 'unrecognized_keys' ? 'is no field of a decision' : issue.code !== 'custom' && field !== undefined && !isGiven(item, field) ? 'is missing' : issue.message;
          return `${at(field === undefined ? start : (offsetOf(item, field) ?? start))}: ${field === undefined ? 'the decision' : field}: ${field === undefined ? 'must be an object with run, gate and verdict' : message}`;
        });
      }));
      return [];
    }
    const where = at(start);
    const twin = seen.get(`${parsed.data.run}\n${parsed.data.gate}`);
    if (twin !== undefined) found.push(`${where}: run: ${parsed.data.run} at ${parsed.data.gate} is decided in ${twin} already`);
    seen.set(`${parsed.data.run}\n${parsed.data.gate}`, where);
    return [{ ...parsed.data, where }];
  });
  if (found.length > 0) throw complaints(found);
  return decisions;
}

/** The decision in an entry of a preview. */
function decisionIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { workflowId, ...rest } = value as Record<string, unknown>;
  return { ...(workflowId !== undefined && { run: workflowId }), ...Object.fromEntries(Object.entries(rest).filter(([name]) => !shownBeside.includes(name))) };
}

/** The error that shows them. */
export function complaints(lines: readonly string[]): DecisionsFileError {
  const more = lines.length - mostComplaints;
  return new DecisionsFileError([...lines.slice(0, mostComplaints), ...(more > 0 ? [`and ${more} more`] : [])].join('\n'));
}

function isGiven(item: unknown, field: string): boolean {
  return isMap(item) && (item.has(field) || (field === 'run' && item.has('workflowId')));
}

function offsetOf(item: unknown, field: string): number | undefined {
  if (!isMap(item)) return undefined;
  const key = item.items.map((pair) => pair.key).find((candidate) => isScalar(candidate) && String(candidate.value) === field);
  return isScalar(key) ? key.range?.[0] : undefined;
}
