import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { updateIdOf } from '../../starters/gates/send-answer.ts';
import { listWaitingGates } from '../../starters/gates/waiting-gates.ts';
import { SessionStore } from '../../starters/receiver/inbox/session-store.ts';
import type { Answer } from '../../workflows/domain/answer.ts';
import type { GateView } from '../../workflows/domain/gate-view.ts';
import { eventually } from '../support/eventually.ts';
import { InboxStage } from './inbox-stage.ts';
import { fieldOf, formsOf, formWith, newVisitor, textOf, ticksOf, Visitor, visitor } from './inbox-visitor.ts';

let stage: InboxStage;
let address: string;

before(async () => {
  stage = await InboxStage.start();
  address = await stage.listen();
});
after(() => stage.stop());

const cardOf = (workflowId: string): string => `/inbox/gates/${encodeURIComponent(workflowId)}`;

describe('signing in', () => {
  it('sends a stranger to the sign-in page and then to where they wanted to go', async () => {
    const view = await stage.openGate('C001');
    const browser = new Visitor(address);
    const { status, location } = await browser.get(cardOf(view.workflowId));
    assert.equal(status, 303);
    const page = await browser.get(location!);
    assert.match(textOf(page.html), /^Sign in .* The demo’s users are alice, bob/);
    const wrong = await browser.post('/inbox/sign-in', [['csrf', fieldOf(page.html, 'csrf')], ['name', 'alice'], ['password', 'bob']]);
    assert.equal(wrong.status, 401);
    assert.match(textOf(wrong.html), /Name or password is wrong/);
    const before = [...browser.cookies.values()];
    const right = await browser.post('/inbox/sign-in', [['csrf', fieldOf(wrong.html, 'csrf')], ['name', 'alice'], ['password', 'alice']]);
    assert.deepEqual([right.status, right.location], [303, cardOf(view.workflowId)]);
    assert.notDeepEqual([...browser.cookies.values()], before, 'a sign-in begins a new session');
    assert.match(right.headers.getSetCookie()[0]!, /^holdpoint-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax$/);
    assert.equal((await browser.get(cardOf(view.workflowId))).status, 200);
  });

  it('leads to no other site afterwards', async () => {
    for (const to of ['https://example.com/', '//example.com', '/\\example.com', '/inbox/gates/x?y=//example.com', '/inbox@example.com', '/inbox/../webhooks', 'javascript:alert(1)']) {
      const browser = new Visitor(address);
      const { html } = await browser.get(`/inbox/sign-in?to=${encodeURIComponent(to)}`);
      const { location } = await browser.post('/inbox/sign-in', [['csrf', fieldOf(html, 'csrf')], ['name', 'alice'], ['password', 'alice']]);
      assert.equal(location, '/inbox', to);
    }
  });

  it('ends with sign-out, after a pause, after a day, and when the person has left', async () => {
    let now = 0;
    let left = false;
    const to = await stage.listen({ sessions: new SessionStore(':memory:', { idleMs: 1_000_000, absoluteMs: 3_000_000 }, () => now), people: async () => [{ id: left ? 'somebody' : 'alice', aliases: [], calendar: null }] });
    const isIn = async (browser: Visitor): Promise<boolean> => (await browser.get('/inbox')).status === 200;

    const one = await newVisitor(to, 'alice');
    const stolen = new Visitor(to);
    for (const [name, value] of one.cookies) stolen.cookies.set(name, value);
    assert.ok(await isIn(stolen));
    await one.post('/inbox/sign-out', [['csrf', fieldOf((await one.get('/inbox')).html, 'csrf')]]);
    assert.ok(!(await isIn(stolen)), 'a copy of the cookie is worth nothing after the sign-out');

    const idle = await newVisitor(to, 'alice');
    now += 900_000;
    assert.ok(await isIn(idle));
    now += 1_100_000;
    assert.ok(!(await isIn(idle)));

    const busy = await newVisitor(to, 'alice');
    for (let n = 0; n < 3; n += 1) {
      now += 900_000;
      assert.ok(await isIn(busy));
    }
    now += 900_000;
    assert.ok(!(await isIn(busy)), 'also a session that is used all the time ends');

    const leaver = await newVisitor(to, 'alice');
    left = true;
    assert.ok(!(await isIn(leaver)));
  });

  it('is slowed down after ten tries in a minute', async () => {
    const to = await stage.listen();
    const browser = new Visitor(to);
    const { html } = await browser.get('/inbox/sign-in');
    const statuses: number[] = [];
    for (let n = 0; n < 12; n += 1) statuses.push((await browser.post('/inbox/sign-in', [['csrf', fieldOf(html, 'csrf')], ['name', 'alice'], ['password', String(n)]])).status);
    assert.deepEqual([statuses.filter((status) => status === 401).length, statuses.filter((status) => status === 429).length], [10, 2]);
  });

  it('makes cookies that only HTTPS carries where the inbox is reached by HTTPS', async () => {
    const to = await stage.listen({ origin: 'https://holdpoint.example.com' });
    const { headers, html } = await new Visitor(to).get('/inbox/sign-in');
    assert.match(headers.getSetCookie()[0]!, /^__Host-holdpoint-session=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    assert.equal(headers.get('strict-transport-security'), 'max-age=31536000; includeSubDomains');
    assert.ok(html.includes('name="password"'));
  });
});

describe('every page', () => {
  it('has headers that keep it from being framed, cached, or made to run what is not ours', async () => {
    const browser = await visitor(address, 'alice');
    const { headers, html } = await browser.get('/inbox');
    assert.equal(headers.get('content-security-policy'), "default-src 'none';style-src 'self';script-src 'self';img-src 'self' data:;form-action 'self';frame-ancestors 'none';base-uri 'none'");
    assert.deepEqual(['cache-control', 'x-frame-options', 'x-content-type-options', 'referrer-policy'].map((name) => headers.get(name)), ['no-store', 'DENY', 'nosniff', 'same-origin']);
    assert.doesNotMatch(html, /<script>|<style|style=|onclick|javascript:/);
    const [style] = /\/inbox\/assets\/[0-9a-f]{12}\/inbox\.css/.exec(html)!;
    const sheet = await browser.get(style);
    assert.deepEqual([sheet.status, sheet.headers.get('content-type'), sheet.headers.get('cache-control')], [200, 'text/css; charset=utf-8', 'public, max-age=31536000, immutable']);
  });

  it('takes no form from another site, of another session, or without a secret', async () => {
    const view = await stage.openGate('C002');
    const [alice, bob] = [await visitor(address, 'alice'), await visitor(address, 'bob')];
    const page = await alice.get(cardOf(view.workflowId));
    const form = formWith(page.html, 'value="approve"');
    const theirs = fieldOf((await bob.get(cardOf(view.workflowId))).html, 'csrf');
    const send = (fields: [string, string][], headers: Record<string, string> = {}) => alice.post(form.action, [...fields, ['verdict', 'approve']], headers);
    const forged = [
      await send(form.fields, { origin: 'https://evil.example.com' }),
      await send(form.fields, { origin: 'null' }),
      await alice.send(form.action, { method: 'POST', body: new URLSearchParams([...form.fields, ['verdict', 'approve']]).toString(), headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
      await send(form.fields.filter(([name]) => name !== 'csrf')),
      await send(form.fields.map(([name, value]) => [name, name === 'csrf' ? theirs : value])),
    ];
    assert.deepEqual(forged.map(({ status }) => status), [403, 403, 403, 403, 403]);
    assert.match(textOf(forged[0]!.html), /This form was not taken .* nothing was decided/);
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
    const json = await alice.send(form.action, { method: 'POST', body: JSON.stringify(Object.fromEntries(form.fields)), headers: { 'content-type': 'application/json', origin: address } });
    assert.equal(json.status, 403);
  });

  it('shows what people typed as text', async () => {
    const view = await stage.openGate('C003', { policy: { quorum: 2, identity: 'authenticated' } });
    const alice = await visitor(address, 'alice');
    const comment = `<img src=x onerror=alert(1)> "quoted" & 'single' </textarea>`;
    const problem = await alice.press(await alice.get(cardOf(view.workflowId)), 'defer', { until: comment });
    assert.equal(problem.status, 422);
    assert.ok(!problem.html.includes('<img'), 'what was typed comes back as text');
    await alice.press(await alice.get(cardOf(view.workflowId)), 'approve', { comment });
    const { html } = await alice.get(cardOf(view.workflowId));
    assert.ok(!html.includes('<img') && textOf(html).includes(`<img src=x onerror=alert(1)> "quoted" & 'single'`));
  });

  it('says so when a run is unknown, does not wait, or nothing answers', async () => {
    const alice = await visitor(address, 'alice');
    const unknown = await alice.get(cardOf('releaseModel:P001:C001:no-such'));
    assert.equal(unknown.status, 404);
    assert.match(textOf(unknown.html), /There is no such run/);
    assert.equal((await alice.get('/inbox/nothing')).status, 404);
    const odd = await alice.get(cardOf(`${'x'.repeat(300)}%2F/..`));
    assert.equal(odd.status, 404);
  });
});

describe('a gate', () => {
  it('is shown in full and approved by its form', async () => {
    const view = await stage.openGate('C004', { policy: { quorum: 2, groups: [{ name: 'operators', members: ['carol'] }], mandatoryGroups: ['operators'] } });
    const alice = await visitor(address, 'alice');
    const list = await alice.get('/inbox');
    assert.ok(list.html.includes(`href="${cardOf(view.workflowId)}"`));
    const page = await alice.get(cardOf(view.workflowId));
    const text = textOf(page.html);
    assert.match(text, /P2 P001\/C004 .* stage1 of releaseModel Promote P001\/C004 .* waits for .* 2 d 23 h left/);
    for (const part of ['Recommendation', 'MAE 1.900 2.100 ≤ 2.100', 'Approving', 'Undo', 'Silence', '2 of alice, bob, carol', 'one of operators (carol)', '2 approvals', 'who may not decide', view.evidence, 'signed in, as you are', 'None.']) assert.ok(text.includes(part), `${part} is not in: ${text}`);
    assert.ok(page.html.includes(`/namespaces/default/workflows/${encodeURIComponent(view.workflowId)}/${view.runId}`));

    const sent = await alice.press(page, 'approve', { comment: 'good figures' });
    assert.deepEqual([sent.status, sent.location], [303, cardOf(view.workflowId)]);
    const after = textOf((await alice.get(sent.location!)).html);
    assert.match(after, /^Your approval counts; 1 more is needed\./);
    assert.match(after, /You have approved it/);
    const { decisions, missing, missingGroups } = (await stage.gate(view.workflowId))!;
    assert.deepEqual(decisions.map(({ by, verdict, level, comment }) => ({ by, verdict, level, comment })), [{ by: 'alice', verdict: 'approve', level: 'authenticated', comment: 'good figures' }]);
    assert.deepEqual([missing, missingGroups], [1, ['operators']]);

    const carol = await visitor(address, 'carol');
    await carol.press(await carol.get(cardOf(view.workflowId)), 'approve');
    await stage.waiting(view.workflowId, 'stage3');
    assert.match(textOf((await carol.get(cardOf(view.workflowId))).html), /^Your approval counts, and the gate is approved\..*stage3 of releaseModel/);
  });

  it('takes a form that is sent twice once', async () => {
    const view = await stage.openGate('C005', { policy: { quorum: 2 } });
    const alice = await visitor(address, 'alice');
    const page = await alice.get(cardOf(view.workflowId));
    const both = await Promise.all([alice.press(page, 'approve'), alice.press(page, 'approve')]);
    assert.deepEqual(both.map(({ status }) => status), [303, 303]);
    assert.equal((await stage.gate(view.workflowId))?.decisions.length, 1);
    const { events } = await stage.temporal.client.workflow.getHandle(view.workflowId).fetchHistory();
    assert.equal(events?.filter((event) => event.workflowExecutionUpdateAcceptedEventAttributes).length, 1);
    // Sent again after it was taken back, it brings nothing back and does not claim to.
    await alice.press(await alice.get(cardOf(view.workflowId)), 'withdraw');
    assert.equal((await alice.press(page, 'approve')).status, 303);
    assert.match(textOf((await alice.get(cardOf(view.workflowId))).html), /^Not counted: it was taken back since\. An old decision does not come back by itself/);
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
  });

  it('is refused to whoever asked, under any name, and to whoever is no approver, with the reason', async () => {
    const view = await stage.openGate('C006', { policy: { approvers: ['alice', 'bob', 'dana'] } }, { requestedBy: ['DANA@example.com'] });
    const cases: [string, RegExp, RegExp][] = [
      ['dana', /You asked for this change, so somebody else has to decide it/, /Not counted: dana asked for this change and may not decide it/],
      ['carol', /You are not among those who may decide this gate: alice, bob/, /Not counted: carol is not among the approvers/],
    ];
    for (const [name, offered, refused] of cases) {
      const browser = await visitor(address, name);
      const page = await browser.get(cardOf(view.workflowId));
      assert.match(textOf(page.html), offered);
      assert.ok(!page.html.includes('value="approve"'));
      // And by a form of another gate's page, filled in by hand.
      const fields: [string, string][] = [['csrf', fieldOf(page.html, 'csrf')], ['gate', 'stage1'], ['generation', '0'], ['evidence', view.evidence], ['nonce', '1'], ['verdict', 'approve']];
      const answer = await browser.post(cardOf(view.workflowId), fields);
      assert.equal(answer.status, 409);
      assert.match(textOf(answer.html), refused);
    }
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
  });

  it('refuses a decision on evidence that has changed, says what, and shows the new card', async () => {
    const view = await stage.openGate('C007');
    const alice = await visitor(address, 'alice');
    const old = await alice.get(cardOf(view.workflowId));
    const fresh = await stage.remeasure(view, 2.6);
    const answer = await alice.press(old, 'approve', { comment: 'looked good' });
    assert.equal(answer.status, 409);
    const text = textOf(answer.html);
    assert.match(text, /^The gate has moved on: your decision was not sent\..*1\.9 → 2\.6/);
    assert.ok(text.includes(`Evidence ${view.evidence} is now ${fresh.evidence}`) && text.includes('Changed since it was asked before'));
    assert.ok(answer.html.includes('looked good'), 'the comment need not be typed again');
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);
    const again = await alice.press(answer, 'approve');
    assert.equal(again.status, 303);
  });

  it('is rejected only with a reason, and then says how the run ends', async () => {
    const view = await stage.openGate('C008');
    const bob = await visitor(address, 'bob');
    const page = await bob.get(cardOf(view.workflowId));
    const without = await bob.press(page, 'reject');
    assert.equal(without.status, 422);
    assert.match(textOf(without.html), /A rejection needs a reason/);
    await bob.press(page, 'reject', { comment: 'the hold-out is too small' });
    assert.deepEqual(await stage.temporal.client.workflow.getHandle(view.workflowId).result().then(({ outcome, reason }: { outcome: string; reason: string }) => ({ outcome, reason })), { outcome: 'rejected', reason: 'bob: the hold-out is too small' });
    assert.match(textOf((await bob.get(cardOf(view.workflowId))).html), /No gate is open here The run has ended: rejected/);
    const late = await bob.press(page, 'approve');
    assert.equal(late.status, 409);
    assert.match(textOf(late.html), /Your decision was not sent: the gate is no longer open/);
  });

  it('lets people take back, put off and hand on', async () => {
    const view = await stage.openGate('C009', { policy: { quorum: 2 } });
    const path = cardOf(view.workflowId);
    const [alice, bob, erin] = [await visitor(address, 'alice'), await visitor(address, 'bob'), await visitor(address, 'erin')];
    await alice.press(await alice.get(path), 'approve');
    const back = await alice.press(await alice.get(path), 'withdraw');
    assert.equal(back.status, 303);
    assert.match(textOf((await alice.get(path)).html), /^Your decision is taken back/);
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions, []);

    await alice.press(await alice.get(path), 'defer', { until: '2099-01-01T09:00' });
    assert.match(textOf((await alice.get(path)).html), /^You are not reminded before then/);
    const past = await alice.press(await alice.get(path), 'defer', { until: '2020-01-01T09:00' });
    assert.match(textOf(past.html), /2020-01-01 09:00 UTC is past/);

    const page = await bob.get(path);
    assert.deepEqual([...formWith(page.html, 'value="delegate"').html.matchAll(/<option value="(\w+)"/g)].map(([, id]) => id), ['erin'], 'neither approvers nor whoever asked');
    await bob.press(page, 'delegate', { to: 'erin', until: '' });
    assert.ok((await stage.gate(view.workflowId))?.eligible.includes('erin'));
    await erin.press(await erin.get(path), 'approve', { comment: 'for bob' });
    assert.deepEqual((await stage.gate(view.workflowId))?.decisions.map(({ by, onBehalfOf }) => [by, onBehalfOf]), [['erin', 'bob']]);
    assert.match(textOf((await alice.get(path)).html), /erin for bob approved/);
  });

  it('opens when its checklist is answered by those whom it names', async () => {
    const view = await stage.openGate('C010', { policy: { checklist: [{ id: 'plant', text: 'The plant knows of the change', by: 'person', people: ['carol'] }, { id: 'no-firing-alerts', text: 'Production is quiet', by: 'machine', people: null }] } });
    const path = cardOf(view.workflowId);
    const [alice, carol] = [await visitor(address, 'alice'), await visitor(address, 'carol')];
    const before = await alice.get(path);
    assert.ok(!before.html.includes('value="approve"') && before.html.includes('value="reject"') && !before.html.includes('value="check"'));
    assert.match(textOf(before.html), /open The plant knows of the change for carol/);
    await eventually(async () => assert.match(textOf((await alice.get(path)).html), /done Production is quiet machine: no alert fires for deployment-circuit-C010, 20\d\d-/));
    await carol.press(await carol.get(path), 'check', { comment: 'phoned the shift lead' });
    const after = await alice.get(path);
    assert.match(textOf(after.html), /done The plant knows of the change carol: phoned the shift lead, 20\d\d-/);
    await alice.press(after, 'approve');
    await stage.waiting(view.workflowId, 'stage3');
  });

  it('is bypassed by those whom the policy names, with a reason and an incident', async () => {
    const view = await stage.openGate('C011', { policy: { breakGlass: ['bob'] } });
    const path = cardOf(view.workflowId);
    assert.ok(!(await (await visitor(address, 'alice')).get(path)).html.includes('value="bypass"'));
    const bob = await visitor(address, 'bob');
    const without = await bob.press(await bob.get(path), 'bypass', { comment: 'plant at risk', incident: '' });
    assert.match(textOf(without.html), /Breaking the glass needs the incident/);
    const sent = await bob.press(without, 'bypass', { comment: 'plant at risk', incident: 'INC-77' });
    assert.equal(sent.status, 303);
    await stage.waiting(view.workflowId, 'stage3');
  });

  it('is approved now with effect later', async () => {
    const view = await stage.openGate('C012');
    const path = cardOf(view.workflowId);
    const alice = await visitor(address, 'alice');
    await alice.press(await alice.get(path), 'approve', { effectiveAt: '2099-03-01T06:30' });
    await eventually(async () => assert.equal((await stage.gate(view.workflowId))?.effectiveAt, '2099-03-01T06:30:00.000Z'));
    assert.match(textOf((await alice.get(path)).html), /Takes effect 2099-03-01 06:30 UTC/);
    // Until then a "no" still counts.
    const bob = await visitor(address, 'bob');
    const sent = await bob.press(await bob.get(path), 'reject', { comment: 'on second thoughts' });
    assert.equal(sent.status, 303);
    assert.match(((await stage.temporal.client.workflow.getHandle(view.workflowId).result()) as { reason: string }).reason, /bob: on second thoughts/);
  });

  it('shows an answer in my name that did not count, and lets me confirm it', async () => {
    const view = await stage.openGate('C013');
    await stage.temporal.client.workflow.getHandle(view.workflowId).signal('approve', { gate: 'stage1', by: 'alice', evidence: view.evidence });
    await eventually(async () => assert.equal((await stage.gate(view.workflowId))?.proposals.length, 1));
    const alice = await visitor(address, 'alice');
    const page = await alice.get(cardOf(view.workflowId));
    assert.match(textOf(page.html), /An answer in your name did not count: approve, because identity is only claimed/);
    await alice.press(page, 'approve');
    await stage.waiting(view.workflowId, 'stage3');
  });
});

describe('the list', () => {
  it('has what waits for me first, the most severe and then the oldest, and says whose the rest is', async () => {
    const older = await stage.openGate('C020', { policy: { approvers: ['erin', 'bob'], severity: 'P2' } });
    const severe = await stage.openGate('C021', { policy: { approvers: ['erin', 'bob'], severity: 'P0' } });
    const newer = await stage.openGate('C022', { policy: { approvers: ['erin', 'bob'], severity: 'P2' } });
    const erin = await visitor(address, 'erin');
    const { html } = await erin.get('/inbox');
    const [mine = '', others = ''] = html.split('<h2>');
    const order = [severe, older, newer].map(({ workflowId }) => mine.indexOf(cardOf(workflowId)));
    assert.ok(order.every((at) => at > 0) && order[0]! < order[1]! && order[1]! < order[2]!, String(order));
    assert.ok(others.includes('Waiting for others'));
    assert.equal(ticksOf(mine).length, 3);
    assert.deepEqual(ticksOf(others), []);
    assert.match(textOf(html), /(^|\. )3 gates wait for you/);

    const { html: danas } = await (await visitor(address, 'dana')).get('/inbox');
    assert.match(textOf(danas), /^Nothing waits for you/);
  });

  it('offers what an approval may leave out, one box for each part, and nothing where there are no parts', async () => {
    const bob = await visitor(address, 'bob');
    const boxes = (html: string): string[] => [...html.matchAll(/<input type="checkbox" name="except" value="([^"]*)"/g)].map(([, part = '']) => part);
    const whole = await bob.get(cardOf((await stage.openGate('C049')).workflowId));
    assert.deepEqual([boxes(whole.html), /Leave out|leave parts out/.test(whole.html)], [[], false]);

    const { workflowId } = await stage.openChange(['C050', 'C051', 'C052']);
    const card = await bob.get(cardOf(workflowId));
    assert.deepEqual(boxes(card.html), ['P001/C050', 'P001/C051', 'P001/C052']);
    // What was ticked is ticked again when something is missing.
    const { action, fields } = formWith(card.html, 'value="approve"');
    const again = await bob.post(action, [...fields, ['except', 'P001/C050'], ['except', 'P001/C052'], ['verdict', 'reject']]);
    assert.equal(again.status, 422);
    assert.deepEqual(again.html.match(/value="P001\/C05\d" checked/g), ['value="P001/C050" checked', 'value="P001/C052" checked']);
    // By hand anything can be sent; the gate knows its parts.
    assert.match(textOf((await bob.post(action, [...fields, ['except', 'P001/C099'], ['verdict', 'approve']])).html), /Not counted: it leaves out P001\/C099, which is no part of this/);
    const sent = formWith(again.html, 'value="approve"');
    assert.equal((await bob.post(sent.action, [...sent.fields, ['except', 'P001/C050'], ['except', 'P001/C052'], ['verdict', 'approve']])).status, 303);
    const { circuits } = (await stage.temporal.client.workflow.getHandle(workflowId).result()) as { circuits: { target: { circuit: string }; state: string }[] };
    assert.deepEqual(circuits.map(({ target, state }) => [target.circuit, state]), [['C050', 'rejected'], ['C051', 'released'], ['C052', 'rejected']]);
  });

  it('decides several together, each on the evidence of the preview, with exceptions', async () => {
    const terms = { policy: { approvers: ['erin', 'bob'], quorum: 1 } };
    const views: GateView[] = [];
    for (const circuit of ['C030', 'C031', 'C032', 'C033', 'C034']) views.push(await stage.openGate(circuit, terms));
    const [one, two, out, changed, gone] = views as [GateView, GateView, GateView, GateView, GateView];
    const erin = await visitor(address, 'erin');
    // The list may be some seconds old.
    const { list, ticks } = await eventually(async () => {
      const list = await erin.get('/inbox');
      const ticks = ticksOf(list.html).filter((tick) => views.some(({ workflowId }) => tick.includes(workflowId)));
      assert.equal(ticks.length, 5);
      return { list, ticks };
    });
    // Meanwhile the world goes on.
    const fresh = await stage.remeasure(changed, 3.3);
    const bob = await visitor(address, 'bob');
    await bob.press(await bob.get(cardOf(gone.workflowId)), 'reject', { comment: 'not this one' });
    await stage.temporal.client.workflow.getHandle(gone.workflowId).result();
    await eventually(async () => assert.ok(!(await listWaitingGates(stage.temporal.client)).some(({ workflowId }) => workflowId === gone.workflowId)));

    const preview = await erin.post('/inbox/bulk', [['csrf', fieldOf(list.html, 'csrf')], ...ticks.map((tick): [string, string] => ['gate', tick]), ['comment', 'reviewed together'], ['verdict', 'approve']]);
    assert.equal(preview.status, 200);
    const text = textOf(preview.html);
    assert.match(text, /^Approve 3 gates\? Nothing has been sent yet/);
    assert.ok(text.includes(`No longer open, so left out: stage1 of ${gone.workflowId}`), text);
    for (const { evidence } of [one, two, out, fresh]) assert.ok(text.includes(`Evidence ${evidence}`));
    assert.match(text, /The evidence changed after you ticked it/);
    assert.equal((await stage.gate(one.workflowId))?.decisions.length, 0);

    const form = formsOf(preview.html).find(({ action }) => action === '/inbox/bulk/send')!;
    const shown = form.fields.filter(([name]) => name === 'gate').map(([, value]) => value);
    const verdictOf = (value: string): string => (value.includes(one.workflowId) ? 'approve' : value.includes(two.workflowId) ? 'reject' : 'leave');
    const fields: [string, string][] = [
      ...form.fields.filter(([name]) => ['csrf', 'nonce', 'verdict', 'comment'].includes(name)),
      ...shown.flatMap((value): [string, string][] => [['gate', value], ['decide', verdictOf(value)], ['own', value.includes(two.workflowId) ? 'this one not' : '']]),
    ];
    const result = await erin.post('/inbox/bulk/send', fields);
    assert.match(textOf(result.html), /^2 of 2 decisions counted 2 left out\./);
    await stage.waiting(one.workflowId, 'stage3');
    assert.match(((await stage.temporal.client.workflow.getHandle(two.workflowId).result()) as { reason: string }).reason, /erin: this one not/);
    assert.deepEqual([(await stage.gate(out.workflowId))?.decisions, (await stage.gate(changed.workflowId))?.decisions], [[], []]);
    // Sent again, by a reload of the result: the same answers.
    const again = await erin.post('/inbox/bulk/send', fields);
    assert.match(textOf(again.html), /^2 of 2 decisions counted/);
    assert.deepEqual((await stage.gate(one.workflowId))?.decisions, []);
  });

  it('asks for a reason of each rejection, and for something to do', async () => {
    const view = await stage.openGate('C035', { policy: { approvers: ['erin', 'bob'] } });
    const erin = await visitor(address, 'erin');
    const list = await eventually(async () => {
      const page = await erin.get('/inbox');
      assert.ok(ticksOf(page.html).some((value) => value.includes(view.workflowId)));
      return page;
    });
    const csrf: [string, string] = ['csrf', fieldOf(list.html, 'csrf')];
    assert.equal((await erin.post('/inbox/bulk', [csrf, ['verdict', 'approve']])).location, '/inbox');
    assert.match(textOf((await erin.get('/inbox')).html), /^Tick at least one gate/);
    const tick = ticksOf(list.html).find((value) => value.includes(view.workflowId))!;
    const rejection = await erin.post('/inbox/bulk/send', [csrf, ['nonce', 'n'], ['verdict', 'reject'], ['comment', ''], ['gate', tick], ['decide', 'reject'], ['own', '']]);
    assert.deepEqual([rejection.status, (await stage.gate(view.workflowId))?.decisions.length], [422, 0]);
    assert.match(textOf(rejection.html), /A rejection needs a reason/);
    assert.equal((await erin.post('/inbox/bulk/send', [csrf, ['gate', '["forged"]'], ['decide', 'approve'], ['own', '']])).status, 400);
  });
});

describe('a signed answer', () => {
  it('is one update, however often it is sent', async () => {
    const view = await stage.openGate('C040', { policy: { quorum: 2 } });
    const decision = { workflowId: view.workflowId, runId: view.runId, by: 'alice', via: 'inbox', answer: { gate: 'stage1', verdict: 'approve' as const, by: 'alice', evidence: view.evidence }, updateId: 'one-form' };
    const results = await Promise.all([stage.gates.decide(decision), stage.gates.decide(decision)]);
    assert.deepEqual(results.map(({ counted }) => counted), [true, true]);
    assert.equal((await stage.gate(view.workflowId))?.decisions.length, 1);
    const token = (claims: object): Answer => ({ signature: `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.sig` });
    assert.equal(updateIdOf(token({ jti: 'a' })), updateIdOf(token({ jti: 'a' })));
    assert.notEqual(updateIdOf(token({ jti: 'a' })), updateIdOf(token({ jti: 'b' })));
    assert.equal(updateIdOf({}), undefined);
  });
});

describe('while no worker answers', () => {
  it('says that nobody says what waits, and that a decision may still count', async () => {
    const view = await stage.openGate('C050');
    const alice = await visitor(address, 'alice');
    await stage.stopWorkers();
    try {
      const list = await alice.get('/inbox');
      assert.match(textOf(list.html), /runs? waits?, but no worker says for what/);
      const card = await alice.get(cardOf(view.workflowId));
      assert.equal(card.status, 503);
      assert.match(textOf(card.html), /The run does not answer .* Nothing was decided/);
    } finally {
      stage.startWorkers();
    }
  });
});

describe('the receiver’s log', () => {
  it('has who decided what, and no password, cookie or secret', () => {
    assert.ok(stage.log.some((line) => line.includes('"inbox: answered"') && line.includes('"person":"alice"')));
    assert.ok(!stage.log.some((line) => /csrf|password=|holdpoint-session|code=/.test(line)));
    assert.deepEqual(stage.log.filter((line) => (JSON.parse(line) as { level: number }).level >= 50 && line.includes('inbox')), []);
  });
});
