import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DecisionsFileError, parseDecisions } from '../../../starters/bulk/decisions-file.ts';
import { PatternError, targetPattern } from '../../../starters/bulk/target-pattern.ts';

const complaintOf = (text: string): string => {
  try {
    parseDecisions(text, 'd.yml');
  } catch (error) {
    assert.ok(error instanceof DecisionsFileError);
    return error.message;
  }
  return assert.fail('nothing was complained of');
};

describe('a file of decisions', () => {
  it('is YAML or JSON, and each decision knows its line', () => {
    const yaml = '# of Tuesday\n- run: r1\n  gate: stage1\n  verdict: approve\n- run: r2\n  gate: stage1\n  verdict: reject\n  comment: too wobbly\n  evidence: "0123456789ab"\n';
    assert.deepEqual(parseDecisions(yaml, 'd.yml'), [{ run: 'r1', gate: 'stage1', verdict: 'approve', where: 'd.yml:2' }, { run: 'r2', gate: 'stage1', verdict: 'reject', comment: 'too wobbly', evidence: '0123456789ab', where: 'd.yml:5' }]);
    assert.deepEqual(parseDecisions('[\n {"run": "r1", "gate": "g", "verdict": "approve"}\n]', 'd.json').map(({ where }) => where), ['d.json:2']);
  });

  it('is a preview too, whose entries know their lines', () => {
    const preview = { preview: [{ workflowId: 'r1', runId: 'x', target: null, gate: 'stage1', verdict: 'reject', comment: 'no', question: '?', recommendation: '!', evidence: '0123456789ab', openedAt: '', deadline: '', remark: null }], leftOut: [], results: [] };
    assert.deepEqual(parseDecisions(JSON.stringify(preview, null, 1), 'p.json'), [{ run: 'r1', gate: 'stage1', verdict: 'reject', comment: 'no', evidence: '0123456789ab', where: 'p.json:3' }]);
    assert.match(complaintOf('{"preview": [{"gate": "g", "verdict": "approve", "colour": "red"}]}'), /run: is missing|colour: is no field/);
    assert.match(complaintOf('{"preview": []}'), /must be a list/);
  });

  for (const [what, text, ...complaints] of [
    ['no list', 'run: r1', /d\.yml:1: must be a list/],
    ['nothing', '', /d\.yml:1: must be a list/],
    ['what is no YAML', '- run: [', /d\.yml:\d: not valid YAML or JSON/],
    ['a field too many, and one too few', '- run: r1\n  gte: stage1\n  verdict: approve', /d\.yml:2: gte: is no field of a decision/, /d\.yml:1: gate: is missing/],
    ['a verdict that is none', '- run: r1\n  gate: g\n  verdict: yes', /d\.yml:3: verdict: must be approve or reject/],
    ['a rejection without a reason', '- run: r1\n  gate: g\n  verdict: reject', /d\.yml:1: comment: is missing: a rejection says why/],
    ['a digest that YAML takes for a number', '- run: r1\n  gate: g\n  verdict: approve\n  evidence: 012345678901', /d\.yml:4: evidence: must be a text; put it in quotes/],
    ['one gate twice', '- {run: r1, gate: g, verdict: approve}\n- {run: r1, gate: g, verdict: reject, comment: x}', /d\.yml:2: run: r1 at g is decided in d\.yml:1 already/],
    ['a decision that is a text', '- r1', /d\.yml:1: the decision: must be an object/],
  ] as const) it(`names ${what}`, () => complaints.forEach((complaint) => assert.match(complaintOf(text), complaint)));
});

describe('a pattern of targets', () => {
  const target = { plant: 'P001', circuit: 'C003' };
  it('means plants, circuits, and beginnings of them', () => {
    for (const text of ['P001:*', 'P001/C003', 'P001', '*', '*:C003', 'P0*:C003', 'P001:C*']) assert.equal(targetPattern(text).matches(target), true, text);
    for (const text of ['P002:*', 'P001:C00', 'C003', '*:C001', 'P1*']) assert.equal(targetPattern(text).matches(target), false, text);
    assert.deepEqual([targetPattern('P001:C003').filter, targetPattern('P0*:C003').filter, targetPattern('*').filter], ["Plant = 'P001' AND Circuit = 'C003'", "Circuit = 'C003'", undefined]);
    assert.deepEqual([targetPattern('*').matches(null), targetPattern('P001').matches(null)], [true, false]); // a gate of a whole change has no target
  });
  it('is refused where it is none', () => {
    for (const text of ['', 'P001:C:1', "P' OR Plant != '", '*P', 'P 1']) assert.throws(() => targetPattern(text), PatternError, text);
  });
});
