import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { StageRun } from '../../../sandbox/azure-devops/checks/stage-runs.ts';
import { ORGANISATION, PERSONAL_ACCESS_TOKEN, PROJECT_ID } from '../../../sandbox/core/tenancy.ts';
import { checkConfiguration } from '../../../starters/attach/check-settings.ts';
import { eventually, StandIn } from '../support/stand-in.ts';

interface Call {
  headers: IncomingHttpHeaders;
  body: string;
}

/** What a check calls: it keeps what it got, and answers as the test wants. */
class CheckServer {
  readonly calls: Call[] = [];
  status = 200;
  answer = '{}';
  /** Milliseconds before it answers. */
  delayMs = 0;
  url = '';

  static async start(t: TestContext): Promise<CheckServer> {
    const own = new CheckServer();
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (piece) => (body += piece)).on('end', () => {
        own.calls.push({ headers: request.headers, body });
        setTimeout(() => response.writeHead(own.status, { 'content-type': 'application/json' }).end(own.answer), own.delayMs);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    own.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    return own;
  }
}

interface Setting {
  standIn: StandIn;
  server: CheckServer;
  configurationId: number;
  run: () => Promise<StageRun>;
  look: (run: StageRun) => Promise<StageRun>;
}

const pat = { authorization: `Basic ${Buffer.from(`:${PERSONAL_ACCESS_TOKEN}`).toString('base64')}` };

async function set(t: TestContext, { form = 'callback', timeoutMinutes = 60 }: { form?: 'callback' | 'polling'; timeoutMinutes?: number } = {}): Promise<Setting> {
  const standIn = await StandIn.start(t);
  const server = await CheckServer.start(t);
  const connection = { name: 'holdpoint', type: 'generic', url: server.url, authorization: { scheme: 'UsernamePassword', parameters: { username: 'hooks', password: 'secret' } }, serviceEndpointProjectReferences: [{ name: 'holdpoint', projectReference: { id: PROJECT_ID } }] };
  const { body: { id } } = await standIn.call<{ id: string }>('POST', `/ado/${ORGANISATION}/_apis/serviceendpoint/endpoints?api-version=7.1`, connection, pat);
  const { body: { value: [, environment] } } = await standIn.devOps<{ value: { id: number; name: string }[] }>('GET', 'distributedtask/environments');
  const configuration = checkConfiguration({ environment: environment!, mode: 'enforce', form, connection: id, timeoutMinutes });
  const made = await standIn.call<{ id: number }>('POST', `/ado/${ORGANISATION}/${PROJECT_ID}/_apis/pipelines/checks/configurations?api-version=7.1-preview.1`, configuration, pat);
  assert.equal(made.status, 200, JSON.stringify(made.body));
  return {
    standIn,
    server,
    configurationId: made.body.id,
    run: async () => (await standIn.call<StageRun>('POST', '/_sandbox/stage-runs', {})).body,
    look: async ({ buildId }) => (await standIn.call<StageRun>('GET', `/_sandbox/stage-runs/${buildId}`)).body,
  };
}

const events = ({ planId }: StageRun) => `/ado/${ORGANISATION}/${PROJECT_ID}/_apis/distributedtask/hubs/build/plans/${planId}/events?api-version=7.1`;
const completed = ({ checks: [check] }: StageRun, result: string) => ({ name: 'TaskCompleted', taskId: check!.taskInstanceId, jobId: check!.jobId, result });

void test('a check is called with its headers, its body and the service connection, and its token completes it', async (t) => {
  const { standIn, server, run, look } = await set(t);
  const started = await run();
  await eventually(() => server.calls.length === 1);
  const { headers, body } = server.calls[0]!;
  assert.deepEqual([headers['planurl'], headers['projectid'], headers['planid'], headers['taskinstanceid']], [`${standIn.url}/ado/${ORGANISATION}/`, PROJECT_ID, started.planId, started.checks[0]!.taskInstanceId]);
  assert.equal(headers.authorization, `Basic ${Buffer.from('hooks:secret').toString('base64')}`);
  assert.deepEqual(JSON.parse(body), { buildId: String(started.buildId), stage: 'Deploy', attempt: '1', environment: 'production', environmentId: '2', mode: 'enforce', form: 'callback' });
  const bearer = { authorization: `Bearer ${String(headers['authtoken'])}` };
  assert.equal((await standIn.call('POST', events(started), completed(started, 'succeeded'), bearer)).status, 200);
  assert.equal((await look(started)).result, 'succeeded');
  // Once is enough: the plan is over.
  assert.equal((await standIn.call('POST', events(started), completed(started, 'failed'), bearer)).status, 400);
});

void test('the token of another plan is refused, and so is one after 48 hours', async (t) => {
  const { standIn, server, run, look } = await set(t, { timeoutMinutes: 43_200 });
  const [first, second] = [await run(), await run()];
  await eventually(() => server.calls.length === 2);
  const tokenOf = (plan: StageRun) => ({ authorization: `Bearer ${String(server.calls.find(({ headers }) => headers['planid'] === plan.planId)!.headers['authtoken'])}` });
  assert.equal((await standIn.call('POST', events(first), completed(first, 'succeeded'), tokenOf(second))).status, 403);
  await standIn.advance(47 * 3_600_000);
  assert.equal((await standIn.call('POST', events(second), completed(second, 'failed'), tokenOf(second))).status, 200);
  await standIn.advance(2 * 3_600_000);
  assert.equal((await standIn.call('POST', events(first), completed(first, 'succeeded'), tokenOf(first))).status, 401);
  assert.deepEqual([(await look(first)).result, (await look(second)).result], [null, 'failed']);
});

void test('a check that does not answer within 3 s is called again; ten failures fail the stage', async (t) => {
  const { standIn, server, run, look } = await set(t);
  server.delayMs = 4_000;
  const started = await run();
  await eventually(async () => (await look(started)).checks[0]!.deliveries.length === 1);
  assert.match((await look(started)).checks[0]!.deliveries[0]!.error!, /timeout/i);
  Object.assign(server, { delayMs: 0, status: 503 });
  for (let delivery = 2; delivery <= 10; delivery += 1) {
    await standIn.advance(60_000);
    await eventually(async () => (await look(started)).checks[0]!.deliveries.length === delivery);
  }
  assert.deepEqual([(await look(started)).result, server.calls.length], ['failed', 10]);
});

void test('a check that nobody answers in its time skips the stage; what waits survives a restart', async (t) => {
  const { standIn, server, run, look } = await set(t, { timeoutMinutes: 60 });
  const started = await run();
  await eventually(async () => (await look(started)).checks[0]!.deliveries.length === 1);
  await standIn.restart();
  assert.equal((await look(started)).result, null);
  await standIn.advance(61 * 60_000);
  await eventually(async () => (await look(started)).result === 'skipped');
  assert.equal(server.calls.length, 1);
});

void test('the polling form asks every so often, each time as another job, until the answer satisfies', async (t) => {
  const { standIn, server, run, look } = await set(t, { form: 'polling', timeoutMinutes: 600 });
  server.answer = '{"status":"waiting"}';
  const started = await run();
  await eventually(async () => (await look(started)).checks[0]!.deliveries.length === 1);
  server.answer = '{"status":"approved"}';
  await standIn.advance(61 * 60_000);
  await eventually(async () => (await look(started)).result === 'succeeded');
  assert.notEqual(server.calls[0]!.headers['taskinstanceid'], server.calls[1]!.headers['taskinstanceid']);
  assert.equal(server.calls[1]!.headers['authtoken'], undefined);
});

void test('configurations are written with a preview version only, and must comply', async (t) => {
  const { standIn, configurationId } = await set(t);
  const path = `pipelines/checks/configurations/${configurationId}`;
  assert.equal((await standIn.devOps('DELETE', path)).status, 400);
  const plan = { environment: { id: 2, name: 'production' }, mode: 'enforce', form: 'polling', connection: 'nobody', timeoutMinutes: 100 } as const;
  const tooOften = checkConfiguration(plan);
  tooOften.settings.retryInterval = 2;
  const put = await standIn.call<{ message: string }>('PATCH', `/ado/${ORGANISATION}/${PROJECT_ID}/_apis/${path}?api-version=7.1-preview.1`, tooOften, pat);
  assert.deepEqual([put.status, /at most 10/.test(put.body.message)], [400, true]);
  assert.equal('settings' in (await standIn.devOps<object>('GET', path)).body, false);
  assert.equal('settings' in (await standIn.devOps<object>('GET', `${path}?$expand=settings`)).body, true);
});
