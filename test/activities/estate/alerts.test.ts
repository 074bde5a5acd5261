import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { routeOf } from '../../../activities/estate/alert-routes.ts';
import { alertSecretNames } from '../../../activities/estate/alerts-schema.ts';
import { parseEstate } from '../../../activities/estate/estate-file.ts';
import { alertRunbooks } from '../../../workflows/domain/alert-runbooks.ts';
import type { Alert, AlertRouting } from '../../../workflows/domain/alert.ts';
import { freshAlert, productionDeployment, withoutAlerts } from '../../support/alerts.ts';
import { failure } from '../support/platforms.ts';

const demo = withoutAlerts(await readFile('estate/demo.yml', 'utf8'));
const first = demo.split('\n').length + 1;
const estateOf = (alerts: string) => parseEstate(`${demo}\nalerts:\n${alerts}\n`, 'estate.yml');
const label = '{plant: label.plant, circuit: label.circuit}';

describe('the demo', () => {
  it('rolls back on a grave alert, retrains on drift, recovers batch jobs, and has any other cause looked for', async () => {
    const estate = parseEstate(await readFile('estate/demo.yml', 'utf8'), 'demo.yml');
    const runbookOf = (name: string, severity: Alert['severity'], more: Partial<Alert> = { resources: [productionDeployment('P001', 'C002')] }): string => {
      const routing = routeOf(estate, { ...freshAlert(), source: 'azureMonitor', labels: {}, resources: [], name, severity, ...more });
      return routing.kind === 'mapped' ? `${routing.order.runbook} ${routing.target.plant}/${routing.target.circuit}` : routing.reason;
    };
    const labelled = { source: 'alertmanager', labels: { plant: 'P002', circuit: 'C003' } } as const;
    assert.deepEqual([runbookOf('mae-high', 'P1'), runbookOf('mae-high', 'P2'), runbookOf('feature-drift', 'P1'), runbookOf('batch-job-failed', 'P1'), runbookOf('BatchErrors', 'P0', labelled), runbookOf('BatchErrors', null, labelled)],
      ['rollBackModel P001/C002', 'investigateDegradation P001/C002', 'retrainOnDrift P001/C002', 'recoverBatchJob P001/C002', 'rollBackModel P002/C003', 'investigateDegradation P002/C003']);
  });
});

describe('the section alerts', () => {
  it('names field, line and what to do', () => {
    const cases: [string, RegExp][] = [
      ['  routes:\n    - {runbook: releaseEverything, target: {plant: P001, circuit: C001}}', new RegExp(`^estate\\.yml:${first + 2}: alerts\\.routes\\.0\\.runbook: is no runbook that alerts can start; they can start ${alertRunbooks.join(', ')}$`)],
      ['  routes:\n    - {runbook: rollBackModel}', /alerts\.routes\.0\.target: is missing: only alerts of source azureMonitor name the deployment/],
      ['  routes:\n    - runbook: rollBackModel\n      target: {plant: P009, circuit: C001}', new RegExp(`:${first + 3}: alerts\\.routes\\.0\\.target\\.plant: there is no plant P009; known are P001, P002`)],
      ['  routes:\n    - {runbook: rollBackModel, target: {plant: P001, circuit: C009}}', /alerts\.routes\.0\.target\.circuit: there is no circuit C009; known are C001, C002, C003, C004\. Name one, or take it/],
      ['  routes:\n    - {runbook: rollBackModel, target: {plant: label.plant, circuit: C009}}', /alerts\.routes\.0\.target\.circuit: there is no circuit C009/],
      ['  routes:\n    - {source: grafana, runbook: rollBackModel}', /alerts\.routes\.0\.source: must be azureMonitor, alertmanager, pagerDuty/],
      [`  routes:\n    - {source: azureMonitor, runbook: rollBackModel}\n    - {source: azureMonitor, rules: [mae], runbook: rollBackModel}`, new RegExp(`:${first + 3}: alerts\\.routes\\.1\\.rules: is never reached: route 0 takes every alert of azureMonitor; put the narrower route first`)],
      [`  routes:\n    - {severities: [Sev1], runbook: rollBackModel, target: ${label}}`, /alerts\.routes\.0\.severities\.0: must be P0, P1, P2, P3/],
      [`  routes:\n    - {onResolved: stop, runbook: rollBackModel, target: ${label}}`, /alerts\.routes\.0\.onResolved: must be tell, cancel, note/],
      [`  routes:\n    - {joinFor: 10, runbook: rollBackModel, target: ${label}}`, /alerts\.routes\.0\.joinFor: must be a duration with its unit/],
      [`  routes:\n    - {rule: mae, runbook: rollBackModel, target: ${label}}`, /alerts\.routes\.0\.rule: unknown field/],
      [`  routes:\n    - {job: label.job, runbook: rollBackModel, target: ${label}}`, new RegExp(`^estate\\.yml:${first + 2}: alerts\\.routes\\.0\\.job: is only for recoverBatchJob: rollBackModel is given no job; leave it out$`)],
      [`  routes:\n    - {job: nightly-1, runbook: recoverBatchJob, target: ${label}}`, /alerts\.routes\.0\.job: must be label\.<name>/],
      [`  routes:\n    - {runbook: coordinateIncident, target: ${label}, onResolved: cancel}`, /alerts\.routes\.0\.onResolved: must be tell or note: a run of coordinateIncident ends when people say so/],
      ['  sources: {alertmanager: {url: "http://alertmanager:9093"}}', /alerts\.sources\.alertmanager\.url: must be an https address/],
      ['  sources: {pagerDuty: {token: u+secretsecret}}', /alerts\.sources\.pagerDuty\.token: must be the name of an environment variable.*never the secret itself/],
      ['  sources: {pagerDuty: {token: AZURE_CLIENT_SECRET}}', /alerts\.sources\.pagerDuty\.token: names a variable that belongs to the platforms/],
    ];
    for (const [alerts, complaint] of cases) assert.throws(() => estateOf(alerts), failure('EstateInvalid', true, complaint), alerts);
  });

  it('names the secrets that reading needs', () => {
    const { alerts } = estateOf('  sources: {azureMonitor: {}, alertmanager: {url: "https://am/", token: AM_TOKEN}, pagerDuty: {token: PD_TOKEN}}');
    assert.deepEqual(alertSecretNames(alerts!), ['AM_TOKEN', 'PD_TOKEN']);
  });
});

describe('routing', () => {
  const routed = (alerts: string, alert: Partial<Alert>): AlertRouting => routeOf(estateOf(alerts), freshAlert(alert));
  const reason = (routing: AlertRouting): string => (routing.kind === 'unmapped' ? routing.reason : `mapped by ${routing.route}`);
  const labels = { plant: 'P002', circuit: 'C003' };

  it('takes the first route that fits', () => {
    const routes = `  routes:
    - {source: pagerDuty, labels: {service: predict*}, runbook: rollBackModel, target: {plant: P001, circuit: C001}}
    - {rules: ["batch*errors", mae-high], severities: [P0, P1], runbook: rollBackModel, target: ${label}, onResolved: cancel, joinFor: 1h}
    - {source: azureMonitor, runbook: rollBackModel}`;
    const alert = freshAlert({ name: 'BatchPipelineErrors', labels });
    assert.deepEqual(routeOf(estateOf(routes), alert), {
      kind: 'mapped', route: 'alerts.routes.1', target: { plant: 'P002', circuit: 'C003' }, onResolved: 'cancel', joinForMs: 3_600_000,
      order: { runbook: 'rollBackModel', workflowId: 'rollBackModel:P002:C003', input: { target: { plant: 'P002', circuit: 'C003' }, reason: 'Alert BatchPipelineErrors (P0): Errors above 5 %', alert: { name: 'BatchPipelineErrors', id: alert.key } }, summary: 'rollBackModel of P002/C003: BatchPipelineErrors' },
    });
    assert.equal(reason(routed(routes, { source: 'pagerDuty', labels: { service: 'Predictions' } })), 'mapped by alerts.routes.0');
    assert.equal(reason(routed(routes, { name: 'MAE-high', severity: 'P2', labels })), 'no route of the estate fits MAE-high of alertmanager');
    assert.equal(reason(routed(routes, { name: 'mae-high', severity: null, labels })), 'no route of the estate fits mae-high of alertmanager');
    assert.equal(reason(routed(routes, { source: 'azureMonitor', name: 'any', resources: [productionDeployment('P002', 'C004').toLowerCase()] })), 'mapped by alerts.routes.2');
    assert.equal(reason(routed(routes, { source: 'azureMonitor', name: 'any', resources: ['/subscriptions/other'] })), 'alerts.routes.2 fits, but none of its resources is a production deployment of the estate');
    assert.match(reason(routeOf(parseEstate(demo, 'estate.yml'), freshAlert())), /: it has none$/);
  });

  it('gives each runbook what it takes: the job by its label or not at all, the severity of the alert or of the circuit', () => {
    const order = (route: string, alert: Partial<Alert>) => {
      const routing = routed(`  routes:\n    - {${route}, target: ${label}}`, { labels: { ...labels, 'RunId': 'batchjob-7' }, ...alert });
      return routing.kind === 'mapped' ? routing.order : assert.fail(routing.reason);
    };
    const place = { workspace: { subscriptionId: '00000000-0000-0000-0000-000000000001', resourceGroup: 'ml-platform', workspace: 'prod-ml-workspace' }, endpoint: 'batch-endpoint-plant-P002', deployment: 'deployment-circuit-C003' };
    const named = order('job: label.RunId, runbook: recoverBatchJob', {});
    assert.deepEqual([named.workflowId, named.needs], ['recoverBatchJob:P002:C003:batchjob-7', undefined]);
    for (const unnamed of [order('runbook: recoverBatchJob', {}), order('job: label.other, runbook: recoverBatchJob', {}), order('job: label.RunId, runbook: recoverBatchJob', { labels: { ...labels, RunId: '../x y' } })]) assert.deepEqual([unnamed.workflowId, unnamed.needs], ['', { kind: 'failed job', place }]);
    assert.equal(order('runbook: investigateDegradation', {}).workflowId, 'investigateDegradation:P002:C003');
    const severityIn = (alert: Partial<Alert>) => (order('runbook: coordinateIncident', alert).input as { severity: string }).severity;
    assert.deepEqual([severityIn({ severity: 'P1' }), severityIn({ severity: null })], ['P1', 'P2']);
  });

  it('believes no label that names what the estate does not know', () => {
    const routes = `  routes:\n    - {runbook: rollBackModel, target: ${label}}`;
    for (const [given, problem] of [[{ plant: 'P009', circuit: 'C001' }, 'the estate has no circuit P009/C001'], [{ plant: 'constructor', circuit: 'C001' }, 'the estate has no circuit constructor/C001'], [{ plant: 'P001' }, 'the alert has no label circuit'], [{ plant: 'P001', circuit: 'C001:1' }, 'the estate has no circuit P001/C001:1']] as const) {
      assert.equal(reason(routed(routes, { labels: given })), `alerts.routes.0 fits, but ${problem}`);
    }
  });
});
