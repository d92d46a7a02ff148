import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { callbacks } from '../itsm.js';
import { KEY, SECRET, setUp } from './set-up.js';

/** @import { NewTicket } from '../itsm.js' */

const set = await setUp();
const { fake, itsm } = set;

/** What the endpoint hands over while something happens. @param {() => Promise<unknown>} happens */
async function handedOver(happens) {
  set.handed.length = 0;
  await happens();
  return [...set.handed];
}

test('an outcome reaches the host, whatever it is', async (t) => {
  /** A service of the fake ITSM without an approval. @type {Partial<NewTicket>} */
  const handledOnly = {
    service: { tag: 'id', val: 5 },
    fields: [{ key: 'APPROVER', value: { tag: 'people', val: ['admin'] } }],
  };
  const cases = [
    { verb: 'approve', who: 'admin', verdict: 'approved' },
    { verb: 'refuse', who: 'admin', verdict: 'rejected' },
    { verb: 'withdraw', who: 'carol', verdict: 'withdrawn' },
    { verb: 'terminate', who: 'admin', verdict: 'terminated' },
    { verb: 'end-with', who: 'admin', status: 'SHELVED', verdict: 'closed' },
    { verb: 'close', who: 'admin', verdict: 'closed' },
    { verb: 'approve', who: 'admin', changes: handledOnly, verdict: 'completed' },
  ];
  for (const { verb, changes, verdict, ...what } of cases) {
    await t.test(`${verb}: ${verdict}`, async () => {
      const { operationId, sn } = await set.ticket(changes);
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
  const tickets = await Promise.all(Array.from({ length: 6 }, () => set.ticket()));
  const handed = await handedOver(() =>
    Promise.all(
      tickets.map(({ sn }) =>
        itsm.operations.withdraw({ ...itsm.connection, deadlineMs: 120_000 }, sn, 'carol', 'no longer needed'),
      ),
    ),
  );
  assert.deepEqual(
    new Set(handed.map(({ sn, verdict }) => `${sn} ${verdict}`)),
    new Set(tickets.map(({ sn }) => `${sn} withdrawn`)),
  );
  assert.deepEqual(await fake.get('failed'), []);
});

test('a callback that comes before create has answered is taken', async () => {
  await fake.post('fault', { action: 'create_ticket', fault: 'early-callback', times: 1 });
  const handed = await handedOver(async () => {
    const { sn } = await set.ticket();
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

test('a thief of a header who has a ticket of his own approved under it gains nothing', async () => {
  const victim = await set.ticket();
  const stolen = await handedOver(async () => {
    const own = await fake.steal(itsm, victim.operationId);
    assert.equal((await fake.calledBack(own)).delivered, false);
    // It came from ITSM itself, with the victim's header, and is approved.
    assert.deepEqual(set.logged.slice(-4), [
      `  binding   holds, for operation ${victim.operationId}`,
      `  claim     ${own} is FINISHED`,
      '  ITSM says it is not the ticket of this operation',
      '  answer    refused: not confirmed',
    ]);
    assert.equal((await itsm.tickets.approvalResults(itsm.connection, [own]))[0].approveResult, true);
  });
  assert.deepEqual(stolen, []);
  assert.equal((await itsm.tickets.confirmOwn(itsm.connection, victim.sn)).tag, 'open');

  const handed = await handedOver(async () => {
    await fake.post('approve', { sn: victim.sn, who: 'admin' });
    assert.equal((await fake.calledBack(victim.sn)).delivered, true);
  });
  assert.deepEqual(handed, [{ operationId: victim.operationId, sn: victim.sn, verdict: 'approved' }]);
});

test('what ITSM does not settle is refused, and the log says why', async (t) => {
  const filters = 'it finds no tickets by tag. Ask `confirmOwn`, with the number of your own record';
  const cases = [
    // The server drops such an entry of its log, and whatever comes after it.
    {
      what: 'a log without its end',
      options: [],
      remark: '👍',
      log: /^ {2}ITSM says it has ended, and a person has to look how: ./,
    },
    {
      what: 'a server that does not store tags',
      options: ['--tags', 'filtered'],
      log: `  ITSM says nothing: ${filters}`,
    },
    { what: 'a server that ignores tags', options: ['--tags', 'ignored'], log: `  ITSM says nothing: ${filters}` },
  ];
  for (const { what, options, remark = '', log } of cases) {
    await t.test(what, async () => {
      const { fake, ticket, handed, logged } = await setUp(undefined, ...options);
      const { sn } = await ticket();
      await fake.post('approve', { sn, who: 'admin', remark });
      assert.equal((await fake.calledBack(sn)).delivered, false);
      assert.deepEqual(handed, []);
      assert.ok(
        logged.some((line) => (typeof log === 'string' ? line === log : log.test(line))),
        logged.join('\n'),
      );
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
    {
      what: 'a forged header over a body that is too large',
      headers: { 'X-Itsm-Binding': forged },
      body: 'x'.repeat(300_000),
    },
    {
      what: 'a genuine header over a body that is too large',
      headers: { 'X-Itsm-Binding': genuine },
      body: 'x'.repeat(300_000),
    },
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

test('what comes to the endpoint is judged before it is read, and the log says why', async (t) => {
  const { operationId } = await set.ticket();
  const genuine = (await fake.headersOf(operationId))['X-Itsm-Binding'];
  const check = JSON.stringify({ sn: 'ITSM-SELF-CHECK', current_status: 'FINISHED', approve_result: false });
  const whole = `content-length: ${check.length}\r\n\r\n${check}`;
  const chunk = (/** @type {string} */ text) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const chunked = `transfer-encoding: chunked\r\n\r\n${chunk(check.slice(0, 20))}${chunk(check.slice(20))}0\r\n\r\n`;
  const slow = 'content-length: 10\r\n\r\n{';
  const bound = `X-Itsm-Binding: ${genuine}\r\n`;
  const elsewhere = /callbacks are received at the path/;
  const form = /there twice, or is not of its form/;
  const binding = (/** @type {string} */ callbackUrl, /** @type {number} */ expiresS) =>
    `${callbacks.bind(KEY, { operationId, callbackUrl, expiresS }).header.join(': ')}\r\n`;
  const cases = [
    { what: 'in chunks', body: chunked, code: 0 },
    { what: 'a blank before the value', headers: `X-Itsm-Binding:  \t${genuine} \r\n`, code: 0 },
    { what: 'a query', path: '/itsm/callback?a=b', code: 0 },
    { what: 'another path', path: '/itsm', status: 404, log: elsewhere },
    { what: 'a longer path', path: '/itsm/callback/', status: 404, log: elsewhere },
    { what: 'another path, unread', path: '/', body: slow, status: 404, log: elsewhere },
    { what: 'the header twice', headers: bound.repeat(2), log: form },
    { what: 'a header that is no text', headers: 'X-Itsm-Binding: \xff\xfe\r\n', log: form },
    {
      what: 'an expired binding',
      headers: binding(set.settings.callbackUrl, 1),
      log: /the binding of operation \w+ has expired/,
    },
    {
      what: 'another callback address',
      headers: binding('https://gate.example.com/itsm/callback', 2 ** 40),
      log: /compare the address/,
    },
    { what: 'a slow body', body: slow, log: /the body came too slowly/ },
    {
      what: 'a body without an end',
      body: `transfer-encoding: chunked\r\n\r\n${chunk(' '.repeat(1e6))}`,
      log: /the body came too slowly/,
    },
  ];
  const { hostname, port } = new URL(set.settings.callbackUrl);
  for (const {
    what,
    path = '/itsm/callback',
    headers = bound,
    body = whole,
    status = 200,
    code = 1,
    log = /./,
  } of cases) {
    await t.test(what, async () => {
      const before = set.logged.length;
      const socket = connect(Number(port), hostname);
      socket.write(`POST ${path} HTTP/1.1\r\nhost: gate\r\nconnection: close\r\n${headers}${body}`, 'latin1');
      const answer = await text(socket);
      assert.ok(answer.startsWith(`HTTP/1.1 ${status} `) && answer.includes(`"code":${code}`), answer);
      const lines = set.logged.slice(before).join('\n');
      assert.match(`${lines} `, log);
      assert.ok(!lines.includes(genuine) && !answer.includes(genuine), lines);
    });
  }
});

test('what a callback says of itself stands on one line of the log', async () => {
  const { operationId } = await set.ticket();
  const body = JSON.stringify({ sn: 'a\nb\x1b[31m', current_status: 'FINISHED', approve_result: true });
  assert.equal(await set.post(await fake.headersOf(operationId), body), 1);
  assert.ok(
    set.logged.some((line) => line.includes('a b [31m is FINISHED')),
    set.logged.slice(-4).join(),
  );
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

test('when ITSM is slow the callback is refused in good time, and nothing is handed over', async () => {
  const { operationId, sn } = await set.ticket();
  const headers = await fake.headersOf(operationId);
  await fake.post('fault', { action: 'get_tickets', fault: 'hang', times: 1 });
  const handed = await handedOver(async () => {
    const body = JSON.stringify({ sn, current_status: 'FINISHED', approve_result: true });
    assert.equal(await set.post(headers, body), 1);
  });
  assert.match(set.logged.at(-2) ?? '', /^ {2}failed .* before the deadline$/);
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
  assert.ok(careless.logged.includes('  failed    the disk is full'));
});

test('nothing that the endpoint says or answers holds a secret', async () => {
  const token = await fake.get('token');
  const sent = (await fake.get('callbacks')).map((/** @type {any} */ { answer }) => answer);
  assert.ok(set.logged.length > 50 && sent.length > 5);
  const all = JSON.stringify([set.logged, sent]);
  for (const secret of [SECRET, KEY, token, ...set.tags]) assert.ok(!all.includes(secret));
});
