import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseInput, runbooks } from '../../../starters/runbooks.ts';
import { alertOrder, alertRunbooks } from '../../../workflows/domain/alert-runbooks.ts';
import { alertOf, alertOfRun, followAlertId, nameMatches } from '../../../workflows/domain/alert.ts';
import { freshAlert } from '../../support/alerts.ts';

void test('the id of an alert\'s run leads back to its source and key', () => {
  for (const key of ['Q1', 'aa01.1763694000123', 'sub.7a5f', 'odd:key/äß']) assert.deepEqual(alertOfRun(followAlertId({ source: 'pagerDuty', key })), { source: 'pagerDuty', key });
  for (const other of ['followAlert:grafana:1', 'releaseModel:P001:C001:1', 'followAlert:pagerDuty', 'followAlert:pagerDuty:1:2']) assert.equal(alertOfRun(other), null);
});

void test('* stands for anything, in any case', () => {
  const cases: [string, string, boolean][] = [['mae', 'MAE', true], ['mae', 'mae-high', false], ['mae*', 'mae-high', true], ['*high', 'mae-high', true], ['m*e*h', 'mae-high', true], ['m*z*h', 'mae-high', false], ['*', '', true], ['a*a', 'a', false], ['ab*b', 'ab', false], ['a.c', 'abc', false]];
  for (const [pattern, name, matches] of cases) assert.equal(nameMatches(pattern, name), matches, `${pattern} ${name}`);
});

void test('an alert is cut to what is kept of it', () => {
  const labels = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`label${n}`, 'v'.repeat(1_000)]));
  const alert = alertOf({ ...freshAlert(), severity: 'Sev4', name: '', description: 'd'.repeat(9_999), labels, resources: Array.from({ length: 50 }, () => 'r'.repeat(5_000)) });
  assert.deepEqual([alert.name, alert.severity, Object.keys(alert.labels).length, alert.labels['label0']?.length, alert.description.length, alert.resources.length, alert.resources[0]?.length], ['unnamed rule', 'P3', 24, 150, 300, 10, 1_000]);
});

void test('what an alert gives to a runbook is what the runbook takes, and its id is the runbook\'s own', () => {
  const target = { plant: 'P001', circuit: 'C001' };
  const place = { workspace: { subscriptionId: 's', resourceGroup: 'g', workspace: 'prod' }, endpoint: 'e', deployment: 'd' };
  const registered = alertRunbooks.flatMap((name) => runbooks.filter((runbook) => runbook.name === name));
  assert.deepEqual(registered.map(({ name }) => name), alertRunbooks);
  for (const runbook of registered) {
    const { input, workflowId, needs } = alertOrder(runbook.name, { target, severity: 'P2', place, jobName: null }, freshAlert({ description: 'd'.repeat(300), name: 'n'.repeat(150), severity: null }));
    const found = needs === undefined ? {} : needs.kind === 'incident' ? { incident: 'P001.C001' } : { jobName: 'job-1' };
    const id = runbook.workflowId(parseInput(runbook, { ...input, ...found }));
    if (needs === undefined) assert.equal(id, workflowId);
    else assert.deepEqual([workflowId, needs], ['', needs.kind === 'incident' ? { kind: 'incident' } : { kind: 'failed job', place }]);
  }
});

void test('a job that the alert names needs no search', () => {
  const target = { plant: 'P001', circuit: 'C001' };
  const place = { workspace: { subscriptionId: 's', resourceGroup: 'g', workspace: 'prod' }, endpoint: 'e', deployment: 'd' };
  const alert = freshAlert();
  assert.deepEqual(alertOrder('recoverBatchJob', { target, severity: 'P2', place, jobName: 'nightly-1' }, alert), {
    runbook: 'recoverBatchJob', workflowId: 'recoverBatchJob:P001:C001:nightly-1', input: { target, alert: alert.key, jobName: 'nightly-1' }, tellsRelease: false, summary: 'recoverBatchJob of P001/C001: BatchErrors',
  });
});
