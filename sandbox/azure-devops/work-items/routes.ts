import type { FastifyInstance, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { Clock } from '../../core/clock.ts';
import type { Addresses } from '../addresses.ts';
import { collection } from '../collection.ts';
import { devOpsError, invalidArgument } from '../errors.ts';
import { parseWiql } from './wiql.ts';
import { patchSchema, type WorkItem, type WorkItems } from './work-items.ts';

export interface WorkItemServices {
  workItems: WorkItems;
  addresses: Addresses;
  clock: Clock;
}

type Query = Record<string, string | undefined>;

const MOST_IDS = 200;
const MOST_RESULTS = 20_000;

/** Work items and the queries over them. */
export async function workItemRoutes(app: FastifyInstance, { workItems, addresses, clock }: WorkItemServices): Promise<void> {
  const present = (workItem: WorkItem, fields?: string) => presentWorkItem(workItem, addresses, fields);

  app.post<{ Params: { type: string } }>('/workitems/:type', async (request) => {
    if (!request.params.type.startsWith('$')) throw invalidArgument('The work item type must begin with a dollar sign.');
    const created = workItems.create(request.params.type.slice(1), patchOf(request));
    request.markChanged();
    return present(created);
  });

  app.get<{ Params: { id: string }; Querystring: Query }>('/workitems/:id', async ({ params, query }) =>
    present(find(workItems, params.id), query.fields));

  app.patch<{ Params: { id: string } }>('/workitems/:id', async (request) => {
    const { workItem, changed } = workItems.update(find(workItems, request.params.id), patchOf(request));
    if (changed) request.markChanged();
    return present(workItem);
  });

  app.get<{ Querystring: Query }>('/workitems', async ({ query }) => {
    const ids = query.ids?.split(',') ?? [];
    if (ids.length === 0 || ids.length > MOST_IDS) throw invalidArgument(`The parameter ids must name 1 to ${MOST_IDS} work items.`);
    return collection(ids.map((id) => present(find(workItems, id), query.fields)));
  });

  app.post<{ Querystring: Query }>('/wiql', async ({ body, query }) => {
    const { columns, matches, compare } = parseWiql(z.object({ query: z.string() }).parse(body).query);
    const top = Number(query.$top ?? MOST_RESULTS);
    const found = workItems.list().filter(matches).sort(compare).slice(0, top);
    return {
      queryType: 'flat',
      queryResultType: 'workItem',
      asOf: clock.iso(),
      columns: columns.map((referenceName) => ({ referenceName, name: referenceName, url: addresses.api(`wit/fields/${referenceName}`) })),
      workItems: found.map(({ id }) => ({ id, url: addresses.api(`wit/workItems/${id}`) })),
    };
  });
}

function find(workItems: WorkItems, id: string): WorkItem {
  const workItem = workItems.get(Number(id));
  if (workItem) return workItem;
  throw devOpsError(404, 'WorkItemUnauthorizedAccessException',
    `TF401232: Work item ${id} does not exist, or you do not have permissions to read it.`);
}

function patchOf(request: FastifyRequest): z.infer<typeof patchSchema> {
  if (!request.headers['content-type']?.startsWith('application/json-patch+json')) {
    throw devOpsError(415, 'VssRequestContentTypeNotSupportedException',
      `The request indicated a Content-Type of "${request.headers['content-type']}" for method type "${request.method}" which is not supported. Valid content types for this method are: application/json-patch+json.`);
  }
  return patchSchema.parse(request.body);
}

/** The work item, with all fields or those of a comma-separated list. */
function presentWorkItem({ id, rev, fields, relations }: WorkItem, addresses: Addresses, only?: string): object {
  const names = only?.toLowerCase().split(',');
  const shown = names ? Object.fromEntries(Object.entries(fields).filter(([name]) => names.includes(name.toLowerCase()))) : fields;
  const url = addresses.api(`wit/workItems/${id}`);
  return { id, rev, fields: shown, ...(relations.length > 0 ? { relations } : {}), _links: { self: { href: url } }, url };
}
