import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { firstPortion, portions } from '../../../workflows/domain/batches.ts';

describe('portions', () => {
  it('keep every item in order, are never empty, and stay under the limits unless a single item does not', () => {
    fc.assert(fc.property(fc.array(fc.string({ maxLength: 40 })), fc.integer({ min: 1, max: 60 }), fc.integer({ min: 1, max: 5 }), (items, units, count) => {
      const cut = portions(items, { units, count });
      assert.deepEqual(cut.flat(), items);
      for (const portion of cut) {
        assert.ok(portion.length > 0 && portion.length <= count);
        assert.ok(portion.length === 1 || portion.reduce((sum, item) => sum + JSON.stringify(item).length, 0) <= units);
      }
    }));
  });

  it('of nothing are none', () => assert.deepEqual([portions([]), firstPortion([])], [[], []]));
});
