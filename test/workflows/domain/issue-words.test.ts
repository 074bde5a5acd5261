import assert from 'node:assert/strict';
import test from 'node:test';
import { z } from 'zod';
import { fieldInWords, inWords } from '../../../workflows/domain/issue-words.ts';

const schema = z.object({
  quorum: z.int().min(1).max(9),
  share: z.number().positive(),
  who: z.array(z.string().min(1)).min(1),
  silence: z.enum(['expire', 'reject', 'hold']),
  kind: z.literal('slack'),
  gate: z.object({}),
  fourEyes: z.boolean(),
  name: z.string('must be a name'),
  title: z.string().max(3),
});

const good = { quorum: 1, share: 1, who: ['alice'], silence: 'hold', kind: 'slack', gate: {}, fourEyes: true, name: 'abc', title: 'abc' };

const cases: [object, string][] = [
  [{ quorum: 0 }, 'must be at least 1'],
  [{ quorum: 10 }, 'must be at most 9'],
  [{ quorum: 1.5 }, 'must be a whole number'],
  [{ quorum: 'one' }, 'must be a number'],
  [{ quorum: undefined }, 'is missing; must be a number'],
  [{ share: 0 }, 'must be more than 0'],
  [{ who: [] }, 'must name at least one'],
  [{ who: 'alice' }, 'must be a list'],
  [{ who: [''] }, 'must not be empty'],
  [{ silence: 'pass' }, 'must be expire, reject or hold'],
  [{ kind: 'chat' }, 'must be slack'],
  [{ gate: null }, 'must be an object with named fields'],
  [{ fourEyes: 'yes' }, 'must be true or false'],
  [{ title: 'abcd' }, 'must have at most 3 characters'],
  [{ name: 5 }, 'must be a name'],
];

void test('what a schema says by itself is told without its types; its own message stays', () => {
  for (const [wrong, expected] of cases) {
    const parsed = schema.safeParse({ ...good, ...wrong });
    assert.deepEqual(parsed.error?.issues.map(inWords), [expected], JSON.stringify(wrong));
  }
});

void test('the field stands in front, below where it was looked for', () => {
  const said = (wrong: unknown, path?: string[]) => schema.safeParse(wrong).error?.issues.map((issue) => fieldInWords(issue, path));
  assert.deepEqual(said({ ...good, who: [''] }), ['who.0: must not be empty']);
  assert.deepEqual(said({ ...good, share: 0 }, ['resource']), ['resource.share: must be more than 0']);
  assert.deepEqual(said('a text'), ['the body: must be an object with named fields']);
});
