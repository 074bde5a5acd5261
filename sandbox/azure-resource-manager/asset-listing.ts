import type { ArmResource } from './resources.ts';

export type ListingQuery = Record<string, string | undefined>;

/** Applies the filters and the order that lists of asset versions and of jobs take. */
export function selectListed(resources: ArmResource[], query: ListingQuery): ArmResource[] {
  const selected = resources.filter(
    (resource) =>
      inView(resource, query['listViewType']) &&
      (query['version'] === undefined || resource.name === query['version']) &&
      (query['description'] === undefined || resource.properties['description'] === query['description']) &&
      hasTags(resource, query['tags'] ?? query['$tags'] ?? query['tag']),
  );
  const order = /^createdtime(?:\s+(asc|desc))?$/i.exec(query['$orderBy'] ?? query['orderBy'] ?? '');
  if (!order) return selected;
  return order[1]?.toLowerCase() === 'desc' ? selected.reverse() : selected;
}

function inView(resource: ArmResource, view = 'ActiveOnly'): boolean {
  const archived = resource.properties['isArchived'] === true;
  return view === 'All' || (view === 'ArchivedOnly') === archived;
}

/** `a,b=1`: the tag a with any value and the tag b with the value 1. */
function hasTags(resource: ArmResource, wanted: string | undefined): boolean {
  if (!wanted) return true;
  const tags = tagsOf(resource);
  return wanted.split(',').every((entry) => {
    const [name = '', value] = entry.split('=', 2);
    return value === undefined ? name in tags : tags[name] === value;
  });
}

/** Assets and jobs carry their tags inside the properties. */
function tagsOf(resource: ArmResource): Record<string, string> {
  return (resource.properties['tags'] as Record<string, string> | undefined) ?? {};
}
