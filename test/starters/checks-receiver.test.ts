import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOrganisation } from '../../starters/receiver/checks/organisation.ts';
import { freePort } from '../scripts/free-port.ts';
import { credentials, StageChecks } from '../support/stage-checks.ts';

let checks: StageChecks;
let builds = 9_000;

before(async () => {
  checks = await StageChecks.start({ without: ['holdpoint-runbooks', 'holdpoint-azure-devops', 'holdpoint-estate', 'holdpoint-record', 'holdpoint-notifications'] });
});
after(() => checks.stop());

const guid = (digit: string) => `${digit.repeat(8)}-${digit.repeat(4)}-4${digit.repeat(3)}-a${digit.repeat(3)}-${digit.repeat(12)}`;
const token = 'eyJhbGciOiJub25lIn0.eyJqdGkiOiJzZWNyZXQifQ.c2lnbmF0dXJl';

interface Answer {
  status: number;
  body: { workflowId?: string; started?: boolean; status?: string; observed?: string; error?: string };
  tookMs: number;
}

interface Order {
  to?: string;
  headers?: Record<string, string>;
  body?: object;
  password?: string;
}

async function check({ to = checks.receiverUrl, headers = {}, body = {}, password = credentials.password }: Order = {}): Promise<Answer> {
  const startedAt = performance.now();
  const response = await fetch(`${to}/checks/azure-pipelines`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${credentials.user}:${password}`).toString('base64')}`,
      'content-type': 'application/json',
      PlanUrl: `${checks.settings.devOpsUrl}/`, ProjectId: guid('4'), HubName: 'build', PlanId: guid('5'), JobId: guid('6'), TimelineId: guid('7'), TaskInstanceId: guid('8'), AuthToken: token,
      ...headers,
    },
    body: JSON.stringify({ buildId: String((builds += 1)), stage: 'Deploy', attempt: '1', environment: 'production', environmentId: '2', mode: 'enforce', form: 'callback', ...body }),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'], tookMs: performance.now() - startedAt };
}

const kept = async (): Promise<number> => checks.vault.removeExpired(new Date(0)).then(async () => (await import('node:fs')).readdirSync(`${checks.directory}/secrets`).filter((name) => name.endsWith('.secret.json')).length);

describe('POST /checks/azure-pipelines', () => {
  it('takes a check within 3 s, once for each task instance, although no worker runs', async () => {
    const first = await check({ body: { buildId: '77' } });
    const again = await check({ body: { buildId: '77' } });
    assert.deepEqual([first.status, first.body.started, again.status, again.body.started], [200, true, 200, false]);
    assert.equal(first.body.workflowId, `approvePipelineStage:${guid('4')}:77:Deploy:${guid('8')}`);
    assert.equal(again.body.workflowId, first.body.workflowId);
    assert.ok(first.tookMs < 3000 && again.tookMs < 3000, `${first.tookMs} ms, ${again.tookMs} ms`);
  });

  it('keeps the token sealed in the vault, and writes it to no log', async () => {
    const { body } = await check();
    const input = (await checks.temporal.client.workflow.getHandle(body.workflowId!).fetchHistory()).events![0]!.workflowExecutionStartedEventAttributes!.input!.payloads![0]!.data!;
    const { secret } = JSON.parse(Buffer.from(input).toString()) as { secret: string };
    assert.equal((await checks.vault.get(secret))?.value, token);
    assert.equal(checks.log.join('').includes(token), false);
    assert.equal(Buffer.from(input).toString().includes(token), false);
  });

  it('refuses a wrong password before it keeps anything', async () => {
    const before = await kept();
    const { status } = await check({ password: 'wrong', headers: { TaskInstanceId: guid('9') } });
    assert.deepEqual([status, await kept()], [401, before]);
  });

  it('never keeps a token that came with the address of somebody else, nor calls that address', async () => {
    const visits: unknown[] = [];
    const stranger: Server = createServer((socket) => void (visits.push(socket.remoteAddress), socket.destroy())).listen(0, '127.0.0.1');
    await once(stranger, 'listening');
    const port = (stranger.address() as { port: number }).port;
    const before = await kept();
    for (const planUrl of [`http://127.0.0.1:${port}/`, 'https://dev.azure.com/evil/', `${checks.settings.devOpsUrl}.evil.example/`, `${checks.settings.devOpsUrl}/../other/`, checks.settings.devOpsUrl.replace('https://', 'https://x@'), 'file:///etc/passwd', 'nonsense', `${checks.settings.devOpsUrl}/?a=b`]) {
      const { status, body } = await check({ headers: { PlanUrl: planUrl, TaskInstanceId: guid('a') } });
      assert.equal(status, 400, planUrl);
      assert.match(body.error!, /planurl: is not the organisation/);
    }
    assert.deepEqual([visits, await kept()], [[], before]);
    stranger.close();
  });

  it('refuses what is no check, by the name of the field', async () => {
    const cases: [Order, RegExp][] = [
      [{ headers: { PlanId: '../../x' } }, /header planid: must be a GUID/],
      [{ headers: { HubName: 'a/b' } }, /header hubname: must be the name of a hub/],
      [{ headers: { TaskInstanceId: '$(system.TaskInstanceId)' } }, /header taskinstanceid/],
      [{ headers: { AuthToken: '$(system.AccessToken)' } }, /header authtoken: is missing/],
      [{ body: { mode: 'maybe' } }, /mode: must be observe or enforce/],
      [{ body: { buildId: '$(build.BuildId)' } }, /buildId: must be a whole number/],
      [{ body: { environment: '' } }, /environment: must not be empty/],
    ];
    for (const [order, complaint] of cases) {
      const { status, body } = await check(order);
      assert.equal(status, 400, String(complaint));
      assert.match(body.error!, complaint);
    }
  });

  it('takes variables that Azure Pipelines did not know as left out', async () => {
    const { status, body } = await check({ body: { buildId: '78', stage: '$(system.StageName)', attempt: '$(system.StageAttempt)' } });
    assert.deepEqual([status, body.workflowId], [200, `approvePipelineStage:${guid('4')}:78:-:${guid('8')}`]);
  });

  it('answers the polling form from the state of the run, and keeps no token for it', async () => {
    const before = await kept();
    const order = { body: { buildId: '79', form: 'polling' } };
    assert.deepEqual((await check(order)).body, { status: 'waiting', workflowId: `approvePipelineStage:${guid('4')}:79:Deploy:2-production-1-enforce` });
    // Each evaluation may be a job of its own.
    const { body } = await check({ ...order, headers: { TaskInstanceId: guid('b'), JobId: guid('c') } });
    assert.equal(body.status, 'waiting');
    await checks.temporal.client.workflow.getHandle(body.workflowId!).terminate('a test');
    assert.equal((await check(order)).body.status, 'failed'); // what ended without a decision lets nothing pass
    assert.equal(await kept(), before);
    const observing = await check({ body: { buildId: '80', form: 'polling', mode: 'observe' } });
    assert.deepEqual([observing.body.status, observing.body.observed], ['approved', 'waiting']);
  });

  it('lets no environment, mode or attempt of the polling form read the answer of another', async () => {
    const order = (more: object) => ({ body: { buildId: '81', form: 'polling', ...more } });
    const decided = (await check(order({ mode: 'observe' }))).body.workflowId!;
    await checks.temporal.client.workflow.getHandle(decided).terminate('an answer that belongs to one check');
    assert.equal((await check(order({ mode: 'observe' }))).body.observed, 'failed');
    const others = [{ mode: 'enforce' }, { environment: 'test', mode: 'observe' }, { environment: 'test' }, { environmentId: '3' }, { attempt: '2' }, { environment: 'production-1', attempt: '1' }, { environment: 'production', attempt: '11' }];
    const answers = await Promise.all(others.map(async (other) => (await check(order(other))).body));
    assert.deepEqual(answers.map(({ status, observed }) => observed ?? status), others.map(() => 'waiting'));
    assert.equal(new Set([decided, ...answers.map(({ workflowId }) => workflowId)]).size, others.length + 1);
  });

  it('answers 503 within 3 s when Temporal does not answer at all', async () => {
    const sockets: Socket[] = [];
    const silent = createServer((socket) => void sockets.push(socket)).listen(0, '127.0.0.1'); // takes connections and says nothing
    await once(silent, 'listening');
    const to = await checks.listen(`127.0.0.1:${(silent.address() as { port: number }).port}`);
    const { status, tookMs } = await check({ to });
    silent.close();
    sockets.forEach((socket) => socket.destroy());
    assert.equal(status, 503);
    assert.ok(tookMs < 3000, `${tookMs} ms`);
  });

  it('answers 503 when Temporal is away, and takes the next delivery when it is back', async () => {
    const { status, tookMs } = await check({ to: await checks.listen(`127.0.0.1:${await freePort()}`), body: { buildId: '81' } });
    assert.equal(status, 503);
    assert.ok(tookMs < 3000, `${tookMs} ms`);
    assert.equal((await check({ body: { buildId: '81' } })).status, 200);
  });

  it('answers 503 within 3 s when the vault is slow', async () => {
    const slow = { ...checks.vault, put: async () => void (await sleep(6_000, undefined, { ref: false })) };
    const { status, tookMs } = await check({ to: await checks.listen(checks.temporal.address, slow) });
    assert.equal(status, 503);
    assert.ok(tookMs < 3000, `${tookMs} ms`);
  });

  it('needs nothing of Azure DevOps to answer', async () => {
    await checks.control('POST', 'faults', { match: { path: '.*', times: 100 }, effect: { kind: 'slow', ms: 10_000 } });
    const { status, tookMs } = await check();
    await checks.control('DELETE', 'faults').catch(() => undefined); // it answers without a body
    assert.equal(status, 200);
    assert.ok(tookMs < 3000, `${tookMs} ms`);
  });
});

describe('isOrganisation', () => {
  it('knows both addresses of an organisation, whatever their case, and no other', () => {
    const configured = 'https://dev.azure.com/Contoso';
    for (const same of ['https://dev.azure.com/contoso/', 'https://DEV.azure.com/contoso', 'https://contoso.visualstudio.com/']) assert.equal(isOrganisation(same, configured), true, same);
    for (const other of ['http://dev.azure.com/contoso/', 'https://dev.azure.com/contoso2/', 'https://dev.azure.com/', 'https://dev.azure.com:444/contoso', 'https://contoso.visualstudio.com.evil.example/', 'https://dev.azure.com/contoso/x', 'https://dev.azure.com/contoso#x', '']) {
      assert.equal(isOrganisation(other, configured), false, other);
    }
  });
});
