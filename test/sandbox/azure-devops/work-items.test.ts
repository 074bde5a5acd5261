import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StandIn } from '../support/stand-in.ts';

interface WorkItem {
  id: number;
  rev: number;
  fields: Record<string, string>;
  relations?: { rel: string }[];
}

const PATCH = { 'content-type': 'application/json-patch+json' };
const field = (name: string, value: unknown, op = 'add') => ({ op, path: `/fields/System.${name}`, value });

const create = (standIn: StandIn, title: string, tags = '') =>
  standIn.devOps<WorkItem>('POST', 'wit/workitems/$Bug', [field('Title', title), field('Tags', tags)], PATCH);
const update = (standIn: StandIn, id: number, patch: object[]) => standIn.devOps<WorkItem>('PATCH', `wit/workitems/${id}`, patch, PATCH);

async function query(standIn: StandIn, where: string, order = 'ORDER BY [System.Id]'): Promise<number[]> {
  const { body } = await standIn.devOps<{ workItems: { id: number }[] }>('POST', 'wit/wiql', { query: `SELECT [System.Id] FROM WorkItems WHERE ${where} ${order}` });
  return body.workItems.map(({ id }) => id);
}

void test('two equal creations are two work items, each at revision 1', async (t) => {
  const standIn = await StandIn.start(t);
  const [first, second] = [await create(standIn, 'Rejected', 'holdpoint; run-1'), await create(standIn, 'Rejected', 'holdpoint; run-1')];
  assert.deepEqual([first.status, first.body.rev, first.body.fields['System.State'], first.body.fields['System.Tags']], [200, 1, 'New', 'holdpoint; run-1']);
  assert.notEqual(first.body.id, second.body.id);
  const { body } = await standIn.devOps<{ count: number; value: WorkItem[] }>('GET', `wit/workitems?ids=${first.body.id},${second.body.id}&fields=System.Title`);
  assert.deepEqual(body.value.map(({ fields }) => fields), [{ 'System.Title': 'Rejected' }, { 'System.Title': 'Rejected' }]);
});

void test('a patch makes a revision, an equal one makes none, and a test of the revision guards it', async (t) => {
  const standIn = await StandIn.start(t);
  const { id } = (await create(standIn, 'Rejected')).body;
  const closed = await update(standIn, id, [field('State', 'Closed', 'replace'), { op: 'add', path: '/relations/-', value: { rel: 'System.LinkTypes.Duplicate-Reverse', url: 'https://example.com/1' } }]);
  assert.deepEqual([closed.body.rev, closed.body.fields['System.State'], closed.body.relations?.length], [2, 'Closed', 1]);
  assert.equal((await update(standIn, id, [field('State', 'Closed')])).body.rev, 2);
  assert.equal((await update(standIn, id, [{ op: 'test', path: '/rev', value: 1 }, field('State', 'New')])).status, 412);
  assert.deepEqual((await standIn.ledger()).map(({ changed }) => changed), [true, true, false, false]);
});

void test('a query finds by whole tag, state and project, sorted', async (t) => {
  const standIn = await StandIn.start(t);
  const ids: number[] = [];
  for (const [title, tags] of [['one', 'holdpoint; run-1'], ['two', 'holdpoint; run-10'], ['three', 'Run-1'], ["it's", 'other']] as const) {
    ids.push((await create(standIn, title, tags)).body.id);
  }
  const [one, two, three, four] = ids;
  await update(standIn, three!, [field('State', 'Closed')]);
  assert.deepEqual(await query(standIn, "[System.Tags] CONTAINS 'run-1'"), [one, three]);
  assert.deepEqual(await query(standIn, "[System.TeamProject] = @project AND [System.Tags] CONTAINS 'run-1' AND [System.State] <> 'Closed'"), [one]);
  assert.deepEqual(await query(standIn, "[System.Title] = 'it''s'"), [four]);
  assert.deepEqual(await query(standIn, "[System.Tags] NOT CONTAINS 'holdpoint' AND NOT [System.State] = 'Closed'"), [four]);
  assert.deepEqual(await query(standIn, `[System.Id] IN (${one}, ${four}) OR ([System.Title] CONTAINS 'TW' AND [System.Id] > 0)`, 'ORDER BY [System.Id] DESC'), [four, two, one]);
});

void test('a query that cannot be read, a missing title, an unknown type and a wrong content type are refused', async (t) => {
  const standIn = await StandIn.start(t);
  for (const text of ['SELECT', "SELECT [System.Id] FROM WorkItems WHERE [System.Id] LIKE '1'", 'SELECT [System.Id] FROM WorkItems WHERE [System.Id] = @me', 'DROP TABLE']) {
    const { status, body } = await standIn.devOps<{ message: string }>('POST', 'wit/wiql', { query: text });
    assert.equal(status, 400);
    assert.match(body.message, /^TF51006/);
  }
  const untitled = await standIn.devOps<{ message: string }>('POST', 'wit/workitems/$Bug', [field('Tags', 'a')], PATCH);
  assert.deepEqual([untitled.status, untitled.body.message.slice(0, 8)], [400, 'TF401320']);
  assert.equal((await standIn.devOps('POST', 'wit/workitems/$Nothing', [field('Title', 'a')], PATCH)).status, 404);
  assert.equal((await standIn.devOps('POST', 'wit/workitems/$Bug', [field('Title', 'a')])).status, 415);
  assert.equal((await standIn.devOps('GET', 'wit/workitems/7')).status, 404);
});
