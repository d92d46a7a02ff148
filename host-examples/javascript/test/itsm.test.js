import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { callbacks, Itsm, ItsmError, tracking } from '../itsm.js';
import { AUTHORIZATION, fakeItsm, itsmAt, KEY, SECRET } from './set-up.js';

const fake = await fakeItsm();
const itsm = itsmAt(fake.gateway);

/** @import { NewTicket } from '../itsm.js' */
/**
 * @param {Partial<NewTicket>} changes
 * @returns {NewTicket}
 */
function ticket(changes = {}) {
  return {
    tag: itsm.tickets.newTag(),
    service: { tag: 'fast-approval', val: { approvers: ['admin'], content: 'why' } },
    creator: 'carol',
    title: 'a title',
    fields: [],
    processors: [],
    ...changes,
  };
}

test('the component reaches the server of its endpoint, and no other', async (t) => {
  const other = await fakeItsm();
  const allowed = { tag: /** @type {const} */ ('gateway'), val: other.gateway };
  const itsmOfOther = itsmAt(other.gateway);

  await t.test('denied: its requests to a server that is not its endpoint are never sent', async () => {
    await assert.rejects(itsm.tickets.status({ ...itsm.connection, endpoint: allowed }, 'REQ1'), {
      name: 'ItsmError',
      advice: { tag: 'allow-host', val: new URL(other.url).host },
      mayHaveActed: false,
      origin: 'transport',
    });
    assert.deepEqual(await other.get('exchanges'), []);
  });
  await t.test('granted: the same request leaves from a host whose endpoint it is', async () => {
    await assert.rejects(itsmOfOther.tickets.status(itsmOfOther.connection, 'REQ1'), {
      origin: 'itsm',
      code: '3900022',
    });
    assert.equal((await other.get('exchanges')).length, 1);
  });
  await t.test('and another host is still denied there', async () => {
    const seen = (await fake.get('exchanges')).length;
    await assert.rejects(itsmOfOther.tickets.status(itsm.connection, 'REQ1'), {
      advice: { tag: 'allow-host', val: new URL(fake.url).host },
    });
    assert.equal((await fake.get('exchanges')).length, seen);
  });
  await t.test('a redirect to another server is not followed', async () => {
    const before = (await other.get('exchanges')).length;
    await fake.post('fault', { action: 'get_ticket_status', fault: 'redirect', to: other.url, times: 1 });
    await assert.rejects(itsm.tickets.status(itsm.connection, 'REQ1'), /redirect/);
    assert.equal((await other.get('exchanges')).length, before);
  });
});

test('an allowed server is reached, and gets no credentials', async () => {
  const other = await fakeItsm();
  const allowing = new Itsm(itsm.connection.endpoint, AUTHORIZATION, { allow: [`${other.url}/some/path`] });
  await assert.rejects(
    allowing.tickets.status({ ...allowing.connection, endpoint: { tag: 'gateway', val: other.gateway } }, 'REQ1'),
    { origin: 'gateway', advice: { tag: 'fix-credentials' } },
  );
  const [{ headers }] = await other.get('exchanges');
  assert.ok(!JSON.stringify(headers).includes(SECRET));
  await assert.rejects(allowing.diagnosis.checkCallbackUrl({ url: `${other.url}/nowhere`, headers: [] }), (error) => {
    assert.ok(error instanceof ItsmError);
    return assert.doesNotMatch(JSON.stringify(error.payload), /allow-host/) ?? true;
  });
  await assert.rejects(itsm.diagnosis.checkCallbackUrl({ url: `${other.url}/nowhere`, headers: [] }), {
    advice: { tag: 'allow-host', val: new URL(other.url).host },
  });
});

test('the credentials are on the requests, and never in the memory of the component', async (t) => {
  const { Instance } = WebAssembly;
  /** @type {WebAssembly.Memory[]} */
  const memories = [];
  t.after(() => {
    WebAssembly.Instance = Instance;
  });
  const found = () =>
    ['a planted title', SECRET].filter((text) => memories.some(({ buffer }) => Buffer.from(buffer).includes(text)));
  /** @type {string[]} */
  let whenSent = [];
  WebAssembly.Instance = /** @type {any} */ (
    class extends Instance {
      /** @param {WebAssembly.Module} module @param {any} imports */
      constructor(module, imports) {
        const http = Object.entries(imports).find(([name]) => name.startsWith('wasi:http/outgoing-handler'))?.[1];
        const handle = http?.handle;
        if (http)
          http.handle = (/** @type {number[]} */ ...values) => {
            whenSent = found();
            return handle(...values);
          };
        super(module, imports);
        // Other instances are those of the HTTP client.
        if (http) memories.push(/** @type {WebAssembly.Memory} */ (this.exports.memory));
      }
    }
  );
  const watched = itsmAt(fake.gateway);
  const { sn } = await watched.tickets.create(watched.connection, ticket({ title: 'a planted title' }));
  assert.match(sn, /^REQ/);
  const sent = (await fake.get('exchanges')).at(-1);
  assert.deepEqual(
    sent.headers.filter((/** @type {string[]} */ [name]) => name === 'x-bkapi-authorization'),
    [['x-bkapi-authorization', JSON.stringify(AUTHORIZATION)]],
  );
  // What the component was given is found during the call: the search looks at the right bytes.
  assert.deepEqual(whenSent, ['a planted title']);
  // It wipes what it gives back.
  assert.deepEqual(found(), []);
});

test('every function of the component is there', async () => {
  const surface = await readFile(new URL('../../../tests/surface/itsm.txt', import.meta.url), 'utf8');
  const wanted = [...surface.matchAll(/^export blueking:itsm\/(.+)@.+#(.+)$/gm)].map(
    ([, of, name]) => `${of}.${name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}`,
  );
  const there = Object.entries({ callbacks, tracking, ...itsm }).flatMap(([of, functions]) =>
    Object.keys(functions).map((name) => `${of}.${name}`),
  );
  assert.ok(wanted.length > 40);
  assert.deepEqual(
    wanted.filter((name) => !there.includes(name)),
    [],
  );
});

test('a failure says what to do next and whether ITSM may have acted', async (t) => {
  const gateway = { fault: 'gateway', status: 403, code: 1640301, message: 'no permission' };
  const cases = [
    {
      what: 'an argument that ITSM would refuse',
      changes: { title: ' ' },
      expected: { advice: { tag: 'fix-argument', val: 'ticket.title' }, mayHaveActed: false, origin: 'argument' },
    },
    {
      what: 'a permission that the app lacks',
      fault: gateway,
      expected: { advice: { tag: 'ask-permission' }, mayHaveActed: false, origin: 'gateway', code: '1640301' },
    },
    {
      what: 'an answer that is lost',
      fault: { fault: 'drop-after-executing' },
      expected: { advice: { tag: 'look-up' }, mayHaveActed: true, origin: 'transport' },
    },
  ];
  for (const { what, changes, fault, expected } of cases) {
    await t.test(what, async () => {
      if (fault) await fake.post('fault', { action: 'create_ticket', times: 1, ...fault });
      await assert.rejects(itsm.tickets.create(itsm.connection, ticket(changes)), (/** @type {any} */ error) => {
        assert.equal(error.name, 'ItsmError');
        assert.deepEqual(Object.fromEntries(Object.keys(expected).map((name) => [name, error[name]])), expected);
        assert.notEqual(error.message, '');
        assert.ok(!JSON.stringify({ ...error, text: `${error.stack}` }).includes(SECRET));
        return true;
      });
    });
  }
  await t.test('credentials that are wrong, with the id of the request', async () => {
    const stranger = new Itsm(itsm.connection.endpoint, { bk_app_code: 'app', bk_app_secret: 'wrong' });
    t.after(() => stranger.close());
    await assert.rejects(stranger.tickets.status(stranger.connection, 'REQ1'), (/** @type {any} */ error) => {
      assert.deepEqual(error.advice, { tag: 'fix-credentials' });
      assert.ok(error.requestId);
      return true;
    });
  });
});

test('each function fails with the one error, which has advice', async (t) => {
  const [service] = await itsm.services.listServices(itsm.connection, {});
  const named = [{ name: 'no such node', users: ['admin'] }];
  const claims = { operationId: 'op1', callbackUrl: 'https://h/cb', expiresS: 1 };
  const { header } = callbacks.bind(KEY, claims);
  /** @type {{ what: string, call: () => unknown, message: RegExp, payload: unknown, advice?: RegExp }[]} */
  const cases = [
    {
      what: 'a case that holds more',
      call: () => itsm.services.resolveProcessors(itsm.connection, service.id, named),
      message: /^unknown-name: no such node$/,
      payload: 'unknown-name',
      advice: /./,
    },
    {
      what: 'a case that holds a failure',
      call: () => itsm.services.resolveProcessors(itsm.connection, '9999', named),
      message: /./,
      payload: 'failed',
    },
    {
      what: 'a case',
      call: () => callbacks.checkBinding([KEY], [], 'https://h/cb', 1),
      message: /^absent$/,
      payload: 'absent',
    },
    {
      what: 'a case that holds a record',
      call: () => callbacks.checkBinding([KEY], [header], 'https://h/cb', 2),
      message: /^expired$/,
      payload: 'expired',
      advice: /has expired/,
    },
    {
      what: 'a case that holds a text',
      call: () => callbacks.parse(Buffer.from('text')),
      message: /^malformed: ./,
      payload: 'malformed',
      advice: /not a JSON object/,
    },
    { what: 'a text', call: () => callbacks.bind('a key', claims), message: /key/, payload: undefined, advice: /key/ },
    {
      what: 'a text, of tracking',
      call: () => tracking.advance('{}', { tag: 'tick' }, 1),
      message: /record/,
      payload: undefined,
    },
  ];
  for (const { what, call, message, payload, advice = /./ } of cases) {
    await t.test(what, async () => {
      await assert.rejects(
        async () => call(),
        (/** @type {any} */ error) => {
          assert.ok(error instanceof ItsmError);
          assert.match(error.message, message);
          assert.equal(error.mayHaveActed, false);
          assert.equal(/** @type {any} */ (error.payload)?.tag, payload);
          assert.match(JSON.stringify(error.advice), advice);
          assert.match(JSON.stringify(error), /"message":".+"advice":\{"tag":/);
          return true;
        },
      );
    });
  }
});

test('many calls at once are all answered, each by an instance of its own', async () => {
  const made = await Promise.all(
    Array.from({ length: 40 }, (_, at) => itsm.tickets.create(itsm.connection, ticket({ title: `t${at}` }))),
  );
  assert.equal(new Set(made.map(({ sn }) => sn)).size, 40);
});

test('arguments are checked before anything is sent', async (t) => {
  const before = (await fake.get('exchanges')).length;
  const { connection, tickets, operations } = itsm;
  const fast = (/** @type {any} */ val) => ({ service: { tag: 'fast-approval', val } });
  /** @type {any} */
  const any = { ...tickets, ...operations, ...callbacks };
  const create = (/** @type {any} */ changes) => any.create(connection, ticket(changes));
  /** @type {[string, () => unknown][]} */
  const cases = [
    [
      'ticket.service.approvers: a list is expected, not a text',
      () => create(fast({ approvers: 'admin', content: '' })),
    ],
    [
      'ticket.service.approvers[1]: a text is expected, not null',
      () => create(fast({ approvers: ['a', null], content: '' })),
    ],
    ['sns: a list is expected, not a text', () => any.reconcile(connection, 'REQ1')],
    ['users: a list is expected, not a text', () => any.follow(connection, 'REQ1', 'admin')],
    ['among: a list is expected, not a text', () => any.failedCallbacks(connection, 'REQ1')],
    ['ticket.title: a text is expected, not undefined', () => create({ title: undefined })],
    ['ticket.title: a text is expected, not 5', () => create({ title: 5 })],
    ['ticket.title: the text has half of a surrogate pair', () => create({ title: '\ud83d' })],
    ['ticket.extraJSON: there is no such member; the members are tag, service,', () => create({ extraJSON: '{}' })],
    [
      'connection.deadlineMs: a whole number from 0 to 4294967295 is expected, not 1.5',
      () => any.status({ ...connection, deadlineMs: 1.5 }, 'R'),
    ],
    ['connection: an object is expected, not undefined', () => any.status(undefined, 'R')],
    ['connection: an object is expected, not a text', () => any.status('R')],
    ['sn: a text is expected, not undefined', () => any.status(connection)],
    [
      'nodeId: a whole number from 0 to 18446744073709551615 is expected, not -1',
      () => any.nodeResult(connection, 'R', -1),
    ],
    [
      'nodeId: a whole number from 0 to 18446744073709551615 is expected, not 9007199254740992',
      () => any.nodeResult(connection, 'R', 2 ** 53),
    ],
    [
      'ticket.service.tag: one of id, fast-approval is expected, not a text',
      () => create({ service: { tag: 'fast' } }),
    ],
    ['ticket.service: an object with a tag is expected, not 5', () => create({ service: 5 })],
    [
      'connection.authorization.val: nothing beside added-by-host is expected, not 1',
      () => any.status({ ...connection, authorization: { tag: 'added-by-host', val: 1 } }, 'R'),
    ],
    [
      'view: one of todo, created, history, dealt, attention, approval is expected, not a text',
      () => any.searchByUser(connection, 'u', 'all', {}, 1, 10),
    ],
    [
      'connection.headers[0]: a list of 2 is expected, not an object',
      () => any.status({ ...connection, headers: [{}] }, 'R'),
    ],
    ['body: a Uint8Array is expected, not a text', () => any.parse('text')],
    ['approveResult: true or false is expected, not a text', () => any.conclude('FINISHED', 'yes', true)],
    ['options.signal: an AbortSignal is expected', () => any.status(connection, 'R', { signal: 1 })],
    ['options.timeout: there is no such option; there is signal', () => any.status(connection, 'R', { timeout: 1 })],
    ['2 arguments and options are expected, not 4', () => any.status(connection, 'R', {}, {})],
    ['3 arguments are expected, not 4', () => any.conclude('FINISHED', true, true, 1)],
  ];
  for (const [message, call] of cases) {
    await t.test(message, async () => {
      await assert.rejects(
        async () => call(),
        (/** @type {any} */ error) => {
          assert.ok(error instanceof TypeError && error.message.startsWith(message), String(error));
          return true;
        },
      );
    });
  }
  assert.equal((await fake.get('exchanges')).length, before);
  assert.match(itsm.tickets.newOperationId(), /^[a-z2-7]{26}$/);
});

test('settings that are wrong are named, and no secret is shown', async (t) => {
  const { endpoint } = itsm.connection;
  /** @type {any} */
  const Any = Itsm;
  /** @type {[RegExp, () => unknown][]} */
  const cases = [
    [/^endpoint: an object with a tag is expected, not a text$/, () => new Any(fake.gateway, AUTHORIZATION)],
    [
      /^endpoint.tag: one of gateway, esb, esb-legacy is expected/,
      () => new Any({ tag: 'gatway', val: '' }, AUTHORIZATION),
    ],
    [
      /^endpoint, options.allow: addresses of http or https/,
      () => new Any({ tag: 'gateway', val: 'itsm' }, AUTHORIZATION),
    ],
    [
      /^endpoint, options.allow: addresses of http or https/,
      () => new Any(endpoint, AUTHORIZATION, { allow: ['itsm'] }),
    ],
    [/^authorization: a text is expected/, () => new Any(endpoint, SECRET)],
    [/^authorization.bk_app_secret: a text is expected/, () => new Any(endpoint, { bk_app_secret: undefined })],
    [
      /^options.proxy: there is no such option; there is allow, headers, dispatcher$/,
      () => new Any(endpoint, AUTHORIZATION, { proxy: '' }),
    ],
    [/^options.dispatcher: a dispatcher of undici/, () => new Any(endpoint, AUTHORIZATION, { dispatcher: {} })],
    [/^authorization: no header can hold such characters$/, () => new Any(endpoint, { bk_app_secret: '密码' })],
  ];
  for (const [message, make] of cases) {
    await t.test(String(message), () =>
      assert.throws(make, (/** @type {any} */ error) => {
        assert.ok(error instanceof TypeError);
        assert.match(error.message, message);
        assert.ok(!/密码|canary/.test(error.message));
        return true;
      }),
    );
  }
});

test('a name that is misspelt is no function, and the object can be shown', () => {
  const { tickets } = /** @type {any} */ (itsm);
  assert.equal(tickets.craete, undefined);
  assert.throws(() => tickets.craete(), /tickets\.craete is not a function/);
  assert.equal(tickets.create.name, 'create');
  for (const shown of [JSON.stringify({ itsm }), inspect(itsm, { depth: 9, showHidden: true })]) {
    assert.match(shown, /tickets/);
    assert.ok(!shown.includes(SECRET));
  }
});

test('what comes back can be written as JSON', async () => {
  const created = await itsm.tickets.create(itsm.connection, ticket());
  const page = await itsm.tickets.search(
    itsm.connection,
    { sns: [created.sn], serviceIds: [], bkBizIds: [], statuses: [] },
    1,
    10,
  );
  assert.equal(JSON.parse(JSON.stringify(page)).tickets[0].sn, created.sn);
  assert.equal(page.total, 1);
  const [service] = await itsm.services.listServices(itsm.connection, {});
  for (const id of [service.id, BigInt(service.id), String(service.id)])
    assert.equal((await itsm.services.form(itsm.connection, id)).service.id, service.id);
});

test('a text comes back as it was given, also with a mark of byte order', () => {
  const body = JSON.stringify({
    title: '\ufeff扩容\ufeff',
    sn: 'REQ1',
    current_status: 'FINISHED',
    approve_result: true,
  });
  assert.equal(callbacks.parse(Buffer.from(body)).title, '\ufeff扩容\ufeff');
});

test('a number that JavaScript can not hold is not made another one', () => {
  const claims = { operationId: 'op1', callbackUrl: 'https://h/cb', expiresS: 2n ** 53n };
  const { header } = callbacks.bind(KEY, claims);
  assert.throws(() => callbacks.checkBinding([KEY], [header], 'https://h/cb', 1), {
    name: 'RangeError',
    message: 'expiresS: 9007199254740992 is larger than a number of JavaScript can hold exactly',
  });
  const fits = callbacks.bind(KEY, { ...claims, expiresS: 2n ** 53n - 1n });
  assert.equal(callbacks.checkBinding([KEY], [fits.header], 'https://h/cb', 1).claims.expiresS, 2 ** 53 - 1);
});

test('a call is cancelled by its signal', async (t) => {
  const slow = { action: 'create_ticket', fault: 'slow', ms: 3000, times: 1 };
  await t.test('before it begins, nothing is sent', async () => {
    const before = (await fake.get('exchanges')).length;
    const reason = new Error('enough');
    await assert.rejects(itsm.tickets.create(itsm.connection, ticket(), { signal: AbortSignal.abort(reason) }), {
      name: 'ItsmError',
      mayHaveActed: false,
      cause: reason,
    });
    assert.equal((await fake.get('exchanges')).length, before);
  });
  await t.test('after it was sent, it may have acted', async () => {
    await fake.post('fault', slow);
    const begun = Date.now();
    const aborting = new AbortController();
    const call = itsm.tickets.create(itsm.connection, ticket({ title: 'cancelled' }), { signal: aborting.signal });
    await fake.until('exchanges', (seen) => seen.action === 'create_ticket' && seen.body.includes('cancelled'));
    aborting.abort();
    await assert.rejects(call, (/** @type {any} */ error) => {
      assert.ok(error instanceof ItsmError);
      assert.deepEqual([error.mayHaveActed, error.advice], [true, { tag: 'look-up' }]);
      assert.match(error.message, /cancelled/);
      assert.equal(/** @type {any} */ (error.cause).name, 'AbortError');
      return true;
    });
    assert.ok(Date.now() - begun < 2900);
  });
  await t.test('a read has not acted', async () => {
    await fake.post('fault', { ...slow, action: 'get_ticket_status' });
    await assert.rejects(itsm.tickets.status(itsm.connection, 'REQ1', { signal: AbortSignal.timeout(50) }), {
      mayHaveActed: false,
      message: /cancelled/,
    });
  });
  await t.test('one that has ended is what it was', async () => {
    const aborting = new AbortController();
    const { sn } = await itsm.tickets.create(itsm.connection, ticket(), { signal: aborting.signal });
    aborting.abort();
    assert.match(sn, /^REQ/);
  });
});

test('a call under way is rejected when its host is closed, and a later one too', async () => {
  const closing = itsmAt(fake.gateway);
  await fake.post('fault', { action: 'get_ticket_status', fault: 'slow', ms: 3000, times: 1 });
  const call = assert.rejects(closing.tickets.status(closing.connection, 'REQ1'), {
    name: 'ItsmError',
    message: /cancelled/,
  });
  await fake.until('exchanges', (seen) => seen.action === 'get_ticket_status' && seen.query.includes('REQ1'));
  await closing.close();
  await call;
  await assert.rejects(closing.tickets.status(closing.connection, 'REQ1'), {
    name: 'ItsmError',
    message: /closed/,
    mayHaveActed: false,
  });
});

test('an argument that changes while the call waits does not change the call', async () => {
  const changing = ticket({ title: 'as it was' });
  const made = itsm.tickets.create(itsm.connection, changing);
  changing.title = 'as it is';
  const { sn } = await made;
  assert.equal((await itsm.tickets.info(itsm.connection, sn)).ticket.title, 'as it was');
});

test('reading a callback and tracking an operation are plain functions', () => {
  assert.equal(callbacks.conclude('FINISHED', true, true), 'approved');
  assert.deepEqual(tracking.start('k7w2hq4mzx3n6vbr5tjd8ycpfa', undefined, 0).actions, [{ tag: 'create' }]);
});
