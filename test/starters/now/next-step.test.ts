import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NowFacts } from '../../../starters/now/report.ts';
import { nextStep } from '../../../starters/now/next-step.ts';
import { alert, before, gate, incident, quiet, released, run, serving } from './facts.ts';

const failed = { jobName: 'job-9', status: 'Failed', startedAt: before(30), error: 'ENOENT: weather.csv' };
const noWayBack = { ...serving, rollback: { to: null, verdict: null, refused: 'version 1 is recorded bad', newestGood: null } };
const otherGood = { ...serving, rollback: { to: null, verdict: null, refused: 'version 1 is recorded bad', newestGood: '0' } };

/** What is known besides a quiet target, the rule that must decide, and what its first command must contain. */
const table: [string, Partial<NowFacts>, string, RegExp | null][] = [
  ['nothing at all', {}, 'nothing', null],
  ['an alert, and a release within the last day', { alerts: [alert], lastChange: released }, 'rollBack', /echo '\{"target":\{"plant":"P001","circuit":"C001"\},"reason":"Alert mae-high fires since 42-3f2a91c0 was released","alert":\{"name":"mae-high","id":"alerts\/1"\}\}' \| npm run holdpoint -- start rollBackModel --input -$/],
  ['the same, and the previous version is bad', { alerts: [alert], lastChange: released, serving: otherGood }, 'rollBack', /"to":"0"/],
  ['the same, and there is no good version', { alerts: [alert], lastChange: released, serving: noWayBack }, 'investigate', /start investigateDegradation/],
  ['the same, and the registry was not read', { alerts: [alert], lastChange: released, serving: { ...serving, rollback: null } }, 'rollBack', /start rollBackModel/],
  ['an alert, and somebody changed production by hand', { alerts: [alert], lastChange: { ...released, run: null } }, 'rollBack', /start rollBackModel/],
  ['an alert three days after the release', { alerts: [alert] }, 'investigate', /start investigateDegradation/],
  ['an alert after a rollback', { alerts: [alert], lastChange: { ...released, run: 'rollBackModel:P001:C001/first' } }, 'investigate', /start investigateDegradation/],
  ['an alert, and production could not be read', { alerts: [alert], lastChange: null, serving: null }, 'investigate', /start investigateDegradation/],
  ['an alert that the estate does not count', { alerts: [{ ...alert, severity: 4, isBreach: false }], lastChange: released }, 'nothing', null],
  ['an alert while it is investigated', { alerts: [alert], runs: [run('investigateDegradation', 'checking for drift')] }, 'runs', /show investigateDegradation:P001:C001$/],
  ['a rollback under way', { alerts: [alert], lastChange: released, runs: [run('rollBackModel', 'verifying')] }, 'rollbackUnderWay', /show rollBackModel:P001:C001$/],
  ['a rollback that only watches, and an incident', { runs: [run('rollBackModel')], incidents: [incident] }, 'acknowledge', /incident coordinateIncident:mae-high acknowledge --as <you>$/],
  ['a release that offers a rollback', { alerts: [alert], lastChange: released, gates: [{ ...gate, gate: 'rollback' }], person: 'bob' }, 'rollbackOffered', /approve releaseModel:\S+ --gate rollback --as bob --evidence 0123456789ab$/],
  ['a failed batch job', { lastJob: failed }, 'recoverJob', /"jobName":"job-9"\}' \| npm run holdpoint -- start recoverBatchJob/],
  ['a failed batch job that is recovered', { lastJob: failed, runs: [run('recoverBatchJob', 'fixing the issue')] }, 'runs', /show recoverBatchJob/],
  ['an incident that nobody has acknowledged', { incidents: [incident], lastJob: failed, person: 'alice' }, 'acknowledge', /acknowledge --as alice$/],
  ['an incident that somebody has', { incidents: [{ ...incident, acknowledgedBy: 'bob' }] }, 'incident', /incident coordinateIncident:mae-high$/],
  ['an incident that does not answer', { incidents: [{ workflowId: incident.workflowId, title: null, severity: null, openedAt: before(8), nextClock: null }] }, 'incident', /incident coordinateIncident:mae-high$/],
  ['a gate that waits for you', { gates: [{ ...gate, eligible: ['carol'] }, gate], person: 'alice' }, 'yourAnswer', /approve releaseModel:P001:C001:42-3f2a91c0 --gate stage3 --as alice --evidence 0123456789ab$/],
  ['a gate that waits for others', { gates: [gate], person: 'carol' }, 'somebodysAnswer', /--as <alice\|bob>/],
  ['a change by hand, and all quiet', { findings: ['it was changed by mallory, without a run on record'] }, 'changedByHand', /audit --period 2026-11-18$/],
  ['releases that an incident holds back', { stops: [{ by: 'coordinateIncident:other', reason: 'P0', since: before(5) }] }, 'releasesHeld', /incident coordinateIncident:other$/],
  ['releases that somebody holds back under a name that is no incident', { stops: [{ by: 'coordinateIncident:x; rm -rf ~', reason: 'no', since: before(5) }] }, 'releasesHeld', null],
  ['a source that did not answer', { alerts: null, unread: [{ source: 'alerts', reason: 'did not answer in time', kind: 'away' }] }, 'unread', /now P001\/C001$/],
  ['nothing that could be read', { alerts: null, runs: null, serving: null, unread: [{ source: 'Temporal', reason: 'away', kind: 'away' }] }, 'unread', /now P001\/C001$/],
  ['a run that asks nobody', { runs: [run('releaseModel')] }, 'runs', /show releaseModel/],
];

describe('the next step', () => {
  for (const [name, more, rule, command] of table) {
    it(`of ${name}: ${rule}`, () => {
      const next = nextStep(quiet(more));
      assert.equal(next.rule, rule, JSON.stringify(next));
      if (command === null) assert.deepEqual(next.commands, []);
      else assert.match(next.commands[0] ?? '', command);
      assert.ok(next.what !== '' && next.why !== '');
    });
  }
});
