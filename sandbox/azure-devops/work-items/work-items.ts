import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Store } from '../../core/store.ts';
import { PROJECT } from '../../core/tenancy.ts';
import { devOpsError, invalidArgument } from '../errors.ts';
import { SERVICE_IDENTITY } from '../identity.ts';

export type Fields = Record<string, unknown>;

export interface WorkItem {
  id: number;
  rev: number;
  fields: Fields;
  relations: { rel: string; url: string; attributes?: object }[];
}

const relationSchema = z.object({ rel: z.string(), url: z.string(), attributes: z.record(z.string(), z.unknown()).optional() });

/** A JSON patch as the work-item API takes it. */
export const patchSchema = z.array(
  z.object({ op: z.enum(['add', 'replace', 'remove', 'test']), path: z.string().startsWith('/'), value: z.unknown().optional() }),
).min(1);

type Patch = z.infer<typeof patchSchema>;

const WORK_ITEMS = 'work-items';
const TYPES = ['Bug', 'Task', 'Issue', 'User Story', 'Epic', 'Feature'];

/** Work items; two equal creations are two work items. */
export class WorkItems {
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get(id: number): WorkItem | undefined {
    return this.#store.get<WorkItem>(WORK_ITEMS, String(id));
  }

  list(): WorkItem[] {
    return this.#store.list<WorkItem>(WORK_ITEMS);
  }

  create(type: string, patch: Patch): WorkItem {
    const workItemType = TYPES.find((known) => known.toLowerCase() === type.toLowerCase());
    if (!workItemType) {
      throw devOpsError(404, 'WorkItemTypeNotFoundException', `VS402323: Work item type ${type} does not exist in project ${PROJECT} or you do not have permission to access it.`);
    }
    const now = this.#clock.iso();
    const fields: Fields = {
      'System.AreaPath': PROJECT,
      'System.TeamProject': PROJECT,
      'System.IterationPath': PROJECT,
      'System.WorkItemType': workItemType,
      'System.State': 'New',
      'System.Reason': 'New',
      'System.CreatedDate': now,
      'System.CreatedBy': SERVICE_IDENTITY,
      'System.ChangedDate': now,
      'System.ChangedBy': SERVICE_IDENTITY,
    };
    const draft = applyPatch({ id: 0, rev: 1, fields, relations: [] }, patch);
    requireTitle(draft);
    const created = { ...draft, id: this.#store.next(WORK_ITEMS) };
    this.#store.put(WORK_ITEMS, String(created.id), created);
    return created;
  }

  /** Applies the patch; `changed` is false, and the revision the old one, when nothing differs afterwards. */
  update(workItem: WorkItem, patch: Patch): { workItem: WorkItem; changed: boolean } {
    const patched = applyPatch(workItem, patch);
    requireTitle(patched);
    if (JSON.stringify(patched) === JSON.stringify(workItem)) return { workItem, changed: false };
    patched.rev += 1;
    patched.fields['System.ChangedDate'] = this.#clock.iso();
    patched.fields['System.ChangedBy'] = SERVICE_IDENTITY;
    this.#store.put(WORK_ITEMS, String(patched.id), patched);
    return { workItem: patched, changed: true };
  }
}

function requireTitle({ fields }: WorkItem): void {
  if (typeof fields['System.Title'] === 'string' && fields['System.Title'] !== '') return;
  throw devOpsError(400, 'RuleValidationException',
    'TF401320: Rule Error for field Title. Error code: Required, HasValues, LimitedToValues, AllowsOldValue, InvalidEmpty.');
}

function applyPatch(workItem: WorkItem, patch: Patch): WorkItem {
  const result = structuredClone(workItem);
  for (const { op, path, value } of patch) {
    const [, kind, name = ''] = path.split('/');
    if (op === 'test') requireRevision(workItem, path, value);
    else if (kind === 'fields' && name) {
      if (op === 'remove' || value === '' || value === null) delete result.fields[name];
      else result.fields[name] = name === 'System.Tags' && typeof value === 'string' ? normaliseTags(value) : value;
    } else if (path === '/relations/-' && op === 'add') {
      const relation = relationSchema.safeParse(value);
      if (!relation.success) throw invalidArgument('The value of /relations/- must have rel and url.');
      result.relations.push(relation.data);
    } else {
      throw invalidArgument(`The patch operation ${op} ${path} is not supported.`);
    }
  }
  return result;
}

function requireRevision(workItem: WorkItem, path: string, value: unknown): void {
  if (path !== '/rev') throw invalidArgument(`The patch operation test ${path} is not supported.`);
  if (value === workItem.rev) return;
  throw devOpsError(412, 'TestPatchOperationFailedException',
    `VS403351: Test Operation for path /rev failed: the work item has revision ${workItem.rev}.`);
}

/** Tags are kept without repetition, joined by a semicolon and a space. */
function normaliseTags(tags: string): string {
  return [...new Set(tags.split(';').map((tag) => tag.trim()).filter(Boolean))].join('; ');
}
