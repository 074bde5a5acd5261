import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { everywhereText, type EverywhereReport } from '../../../starters/now/everywhere.ts';
import { at, before, gate, incident } from './facts.ts';

const nothing: EverywhereReport = { at, person: null, incidents: [], gates: [], stops: [], unread: [] };

describe('what needs a person now, of all targets', () => {
  it('is said to be nothing where there is nothing, and not where something was not read', () => {
    assert.match(everywhereText(nothing), /Nothing needs a person now\./);
    const away = everywhereText({ ...nothing, gates: null, unread: [{ source: 'gates', reason: 'no worker answers', kind: 'away' }] });
    assert.match(away, /Not read\ngates: no worker answers/);
    assert.doesNotMatch(away, /Nothing needs/);
  });

  it('has incidents, gates with whose they are, and stops, and fits a screen', () => {
    const text = everywhereText({ ...nothing, person: 'alice', incidents: [incident], gates: Array.from({ length: 200 }, () => ({ ...gate, isYours: true })), stops: [{ workflowId: 'stopReleases:P001', holds: [{ by: 'coordinateIncident:x', reason: 'P0', since: before(3) }] }] });
    assert.match(text, /P1 Predictions are far off +8\.0 min|P1 Predictions are far off +8 min/);
    assert.match(text, /stage3 +you \(alice\) +30 min/);
    assert.match(text, /and 188 more/);
    assert.match(text, /P001 +coordinateIncident:x +P0/);
    assert.ok(text.split('\n').length < 40, text);
  });
});
