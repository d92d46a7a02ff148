import assert from 'node:assert/strict';
import { test } from 'node:test';
import { askForApproval } from '../approval.js';
import { KEY, SECRET, setUp } from './set-up.js';

const set = await setUp();
const { fake, itsm } = set;

/** What the endpoint hands over while something happens. @param {() => Promise<unknown>} happens */
async function handedOver(happens) {
  set.handed.length = 0;
  await happens();
  return [...set.handed];
}

test('an outcome reaches the host, whatever it is', async (t) => {
  const cases = [
    { verb: 'approve', who: 'admin', verdict: 'approved' },
    { verb: 'refuse', who: 'admin', verdict: 'rejected' },
    { verb: 'withdraw', who: 'carol', verdict: 'withdrawn' },
    { verb: 'terminate', who: 'admin', verdict: 'terminated' },
    { verb: 'end-with', who: 'admin', status: 'SHELVED', verdict: 'closed' },
  ];
  for (const { verb, verdict, ...what } of cases) {
    await t.test(verdict, async () => {
      const { operationId, sn } = await set.ticket();
      const handed = await handedOver(async () => {
        await fake.post(verb, { sn, ...what });
        assert.equal((await fake.calledBack(sn)).delivered, true);
      });
      assert.deepEqual(handed, [{ operationId, sn, verdict }]);
    });
  }
  assert.deepEqual(await fake.get('failed'), []);
});

test('who withdraws a ticket gets its callback answered inside that request, also many at once', async () => {
  const made = await Promise.all(Array.from({ length: 6 }, () => set.ticket()));
  const handed = await handedOver(() => Promise.all(made.map(({ sn }) =>
    itsm.operations.withdraw({ ...itsm.connection, deadlineMs: 10_000 }, sn, 'carol', 'no longer needed'))));
  assert.deepEqual(new Set(handed.map(({ sn, verdict }) => `${sn} ${verdict}`)), new Set(made.map(({ sn }) => `${sn} withdrawn`)));
  assert.deepEqual(await fake.get('failed'), []);
});

test('a callback that comes before create has answered is taken', async () => {
  await fake.post('fault', { action: 'create_ticket', fault: 'early-callback', times: 1 });
  const handed = await handedOver(async () => {
    const operationId = await itsm.tickets.newOperationId();
    const what = { creator: 'carol', approver: 'admin', title: 'early' };
    const { sn } = await askForApproval(itsm, set.settings, operationId, what);
    assert.equal((await fake.calledBack(sn)).delivered, true);
  });
  assert.equal(handed.length, 1);
});

test('another body under a genuine header is refused and handed to nobody', async (t) => {
  const approved = await set.ticket();
  await fake.post('approve', { sn: approved.sn, who: 'admin' });
  await fake.calledBack(approved.sn);
  const victim = await set.ticket();
  const headers = await fake.headersOf(victim.operationId);
  const token = await fake.get('token');
  const cases = [
    { what: "another's approved ticket", sn: approved.sn },
    { what: 'the ticket itself, which is still open', sn: victim.sn },
    { what: 'a ticket that does not exist', sn: 'NOBODYS' },
  ];
  for (const { what, sn } of cases) {
    await t.test(what, async () => {
      const body = JSON.stringify({ sn, current_status: 'FINISHED', approve_result: true, token });
      const handed = await handedOver(async () => assert.equal(await set.post(headers, body), 1));
      assert.deepEqual(handed, []);
    });
  }
});

test('junk is refused, and leads to no outgoing call', async (t) => {
  const { operationId, sn } = await set.ticket();
  const genuine = (await fake.headersOf(operationId))['X-Itsm-Binding'];
  const body = JSON.stringify({ sn, current_status: 'FINISHED', approve_result: true });
  const forged = `v1.t.${operationId}.9999999999.${'0'.repeat(64)}`;
  const cases = [
    { what: 'no header', headers: {}, body },
    { what: 'a header of another form', headers: { 'X-Itsm-Binding': 'junk' }, body },
    { what: 'a forged header', headers: { 'X-Itsm-Binding': forged }, body },
    { what: 'the header twice', headers: { 'X-Itsm-Binding': [genuine, genuine] }, body },
    { what: 'a genuine header over no body', headers: { 'X-Itsm-Binding': genuine }, body: '' },
    { what: 'a genuine header over half a body', headers: { 'X-Itsm-Binding': genuine }, body: '{' },
    { what: 'a forged header over a body that is too large', headers: { 'X-Itsm-Binding': forged }, body: 'x'.repeat(300_000) },
    { what: 'a genuine header over a body that is too large', headers: { 'X-Itsm-Binding': genuine }, body: 'x'.repeat(300_000) },
  ];
  const before = (await fake.get('exchanges')).length;
  for (const { what, headers, body } of cases) {
    await t.test(what, async () => assert.equal(await set.post(headers, body), 1));
  }
  await t.test('a thousand forged headers', async () => {
    for (let batch = 0; batch < 20; batch += 1) {
      const codes = await Promise.all(Array.from({ length: 50 }, () => set.post({ 'X-Itsm-Binding': forged }, body)));
      assert.deepEqual(new Set(codes), new Set([1]));
    }
  });
  assert.equal((await fake.get('exchanges')).length, before);
});

test('a self-check is accepted with a binding that holds, and leads to no outgoing call', async () => {
  const { operationId } = await set.ticket();
  const headers = await fake.headersOf(operationId);
  const body = JSON.stringify({ sn: 'ITSM-SELF-CHECK', current_status: 'FINISHED', approve_result: false });
  const before = (await fake.get('exchanges')).length;
  const handed = await handedOver(async () => {
    assert.equal(await set.post(headers, body), 0);
    assert.equal(await set.post({}, body), 1);
  });
  assert.deepEqual(handed, []);
  assert.equal((await fake.get('exchanges')).length, before);
});

test('when ITSM is slow the callback is refused after two seconds, and nothing is handed over', async () => {
  const { operationId, sn } = await set.ticket();
  const headers = await fake.headersOf(operationId);
  await fake.post('fault', { action: 'get_tickets', fault: 'slow', ms: 5000, times: 1 });
  const begun = performance.now();
  const handed = await handedOver(async () => {
    const body = JSON.stringify({ sn, current_status: 'FINISHED', approve_result: true });
    assert.equal(await set.post(headers, body), 1);
  });
  const took = performance.now() - begun;
  assert.ok(took > 1900 && took < 4500, `${took} ms`);
  assert.deepEqual(handed, []);
});

test('what the host could not take stays on the failed list', async () => {
  const careless = await setUp(() => {
    throw new Error('the disk is full');
  });
  const { sn } = await careless.ticket();
  await careless.fake.post('approve', { sn, who: 'admin' });
  assert.equal((await careless.fake.calledBack(sn)).delivered, false);
  assert.deepEqual(await careless.fake.get('failed'), [sn]);
  assert.ok(careless.said.includes('  failed    the disk is full'));
});

test('nothing that the endpoint says or answers holds a secret', async () => {
  const token = await fake.get('token');
  const sent = (await fake.get('callbacks')).map((/** @type {any} */ { answer }) => answer);
  assert.ok(set.said.length > 50 && sent.length > 5);
  const all = JSON.stringify([set.said, sent]);
  for (const secret of [SECRET, KEY, token]) assert.ok(!all.includes(secret));
});
