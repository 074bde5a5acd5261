import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nextSteps } from '../../starters/cli/next-steps.ts';
import type { RunDetails } from '../../starters/cli/run-details.ts';

const target = { plant: 'P001', circuit: 'C001' };
const rollback: RunDetails = {
  workflowId: 'rollBackModel:P001:C001', runId: 'r', runbook: 'rollBackModel', status: 'Completed', outcome: 'rejected', phase: 'getting the previous version', target: { ...target, version: 'previous' }, gate: null, phases: [],
  lastAnswer: null, production: 'unchanged', input: { target, reason: 'far off', startedBy: 'dana' }, result: { outcome: 'rejected', reason: 'no previous version', offered: null },
};

describe('what show says is to be done next', () => {
  it('starts a repeatable runbook simply anew, by whoever does it', () => {
    assert.match(nextSteps(rollback, null), /echo '\{"target":\{"plant":"P001","circuit":"C001"\},"reason":"far off"\}' \| npm run holdpoint -- start rollBackModel --input -$/);
    assert.match(nextSteps({ ...rollback, result: { offered: '7' } }, null), /"reason":"far off","to":"7"\}' \|/);
  });

  it('gives a reason where an id is started once only', () => {
    const change: RunDetails = { ...rollback, runbook: 'releaseChange', target: null, input: { repositoryId: 'r', pullRequestId: 7, startedBy: 'dana', again: { reason: 'first' } }, result: null };
    assert.match(nextSteps(change, null), /echo '\{"repositoryId":"r","pullRequestId":7\}' \| .* --again --reason '<why>'$/);
  });

  it('names no command that does not exist', () => {
    assert.doesNotMatch(nextSteps({ ...rollback, runbook: 'followAlert', input: { alert: {} }, result: null }, null), /start followAlert/);
  });

  it('lets nobody cancel an incident that waits to be acknowledged', () => {
    const incident: RunDetails = { ...rollback, workflowId: 'coordinateIncident:P001.C001', runbook: 'coordinateIncident', status: 'Running', outcome: null, phase: 'waiting for an acknowledgement', result: null };
    assert.match(nextSteps(incident, null), /incident coordinateIncident:P001\.C001 acknowledge --as <you>/);
    assert.doesNotMatch(nextSteps({ ...incident, phase: 'resolving' }, null), /cancel/);
  });
});
