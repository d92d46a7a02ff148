// How calls wait on an engine without JSPI: by making them again.

import './without-jspi.js';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Call, GivenUp } from '../package/call.js';
import { Instance, ITSM, Pool } from '../package/instances.js';
import { Itsm } from '../package/itsm.js';
import { wasi } from '../package/wasi.js';
import { fakeItsm, itsmOptions, SECRET } from './set-up.js';

/** @import { NewTicket } from '../itsm.js' */

const fake = await fakeItsm();
const itsm = new Itsm(...itsmOptions(fake.gateway));

/** @returns {NewTicket} */
function ticket() {
  const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: 'why' } };
  return { tag: itsm.tickets.newTag(), service, creator: 'carol', title: '扩容', fields: [], processors: [] };
}

/** The requests that an action gets while something happens. @param {string} action @param {() => Promise<unknown>} happens */
async function asked(action, happens) {
  const count = async () =>
    (await fake.get('exchanges')).filter((/** @type {any} */ seen) => seen.action === action).length;
  const before = await count();
  await happens();
  return (await count()) - before;
}

test('a call that waits is made again by the same instance, and its request is sent once', async (t) => {
  let again = 0;
  const original = Call.prototype.again;
  const { take } = Pool.prototype;
  t.after(() => {
    Call.prototype.again = original;
    Pool.prototype.take = take;
  });
  /** @type {Set<Instance>} */
  const taken = new Set();
  Pool.prototype.take = function (call) {
    const instance = take.call(this, call);
    taken.add(instance);
    return instance;
  };
  const made = ticket();
  taken.clear();
  Call.prototype.again = function () {
    again += 1;
    original.call(this);
  };
  const sent = await asked('create_ticket', async () => {
    const { sn } = await itsm.tickets.create(itsm.connection, made);
    assert.match(sn, /^REQ/);
  });
  assert.equal(taken.size, 1);
  // Once for the connection, and once for the answer.
  assert.deepEqual({ sent, again }, { sent: 1, again: 2 });
});

test('a call that does something else when it is made again fails, and sends nothing twice', async (t) => {
  const { told, again } = Call.prototype;
  t.after(() => Object.assign(Call.prototype, { told, again }));
  /** @type {{ what: string, name: 'create' | 'recover', action: string, together: number, change: (name: string, value: any) => any }[]} */
  const cases = [
    {
      what: 'another random number, so another request',
      name: 'recover',
      action: 'get_tickets',
      together: 2,
      change: (name, value) => (name === 'random' ? value ^ 1n : value),
    },
    {
      what: 'a deadline instead of the connection, so an end too early',
      name: 'create',
      action: 'create_ticket',
      together: 1,
      change: (name, value) => (name === 'poll' ? [2] : value),
    },
  ];
  for (const { what, name, action, together, change } of cases) {
    await t.test(`${name}: ${what}`, async () => {
      let times = 1;
      Call.prototype.again = function () {
        times += 1;
        again.call(this);
      };
      Call.prototype.told = function (asking, ask) {
        const value = told.call(this, asking, ask);
        return /** @type {any} */ (times === 3 || (name === 'recover' && times === 2) ? change(asking, value) : value);
      };
      const sent = await asked(action, () =>
        assert.rejects(itsm.tickets[name](itsm.connection, ticket()), {
          name: 'ItsmError',
          mayHaveActed: true,
          advice: { tag: 'look-up' },
          message: /^the call /,
        }),
      );
      assert.ok(sent <= together, `${sent} requests`);
      assert.ok(times <= 3, `${times} times`);
    });
  }
});

test('a call that is given up changes nothing outside', () => {
  const call = new Call();
  call.waitsFor = [];
  const imports = wasi(/** @type {any} */ ({ call }));
  for (const [module, name] of [
    ['wasi:http/outgoing-handler', 'handle'],
    ['wasi:http/types', '[static]outgoing-body.finish'],
    ['wasi:io/streams', '[method]output-stream.check-write'],
    ['wasi:io/streams', '[method]output-stream.write'],
    ['wasi:io/streams', '[method]input-stream.read'],
  ])
    assert.throws(() => imports[module][name](1, 2, 3, 4), GivenUp, name);
});

test('a call that is given up hears no further answer, and so comes to its end', async () => {
  const call = new Call((_request, _body, exchange) => {
    exchange.begins({ status: 200, headers: [] });
    exchange.ends();
  });
  const memory = Buffer.alloc(128);
  const view = new DataView(memory.buffer, memory.byteOffset, memory.length);
  const imports = wasi(/** @type {any} */ ({ call, view: () => view, bytes: () => memory }));
  const http = imports['wasi:http/types'];
  const request = http['[constructor]outgoing-request'](http['[constructor]fields']());
  memory.write('h');
  http['[method]outgoing-request.set-authority'](request, 1, 0, 1);
  http['[method]outgoing-request.body'](request, 16);
  imports['wasi:http/outgoing-handler'].handle(request, 0, 0, 32);
  http['[static]outgoing-body.finish'](view.getUint32(20, true), 0, 0, 48);
  await new Promise(setImmediate);
  for (const [waitsFor, isAnswered] of [
    [undefined, 1],
    [[], 0],
  ]) {
    call.waitsFor = /** @type {any} */ (waitsFor);
    http['[method]future-incoming-response.get'](view.getUint32(40, true), 64);
    assert.equal(view.getUint8(64), isAnswered);
  }
});

test('each kind of divergence is found', async (t) => {
  const request = { method: 'POST', origin: 'http://h', path: '/', headers: [] };
  const never = () => {};
  const bytes = (/** @type {string} */ text) => new TextEncoder().encode(text);
  /** A call that was told two things, and has sent one request. */
  function call() {
    const made = new Call(never);
    made.told('now', () => 1);
    const exchange = made.open(/** @type {any} */ (request));
    exchange.take(0, bytes('body'));
    made.told('random', () => 2);
    made.again();
    return { made, exchange };
  }
  /** @type {Record<string, [RegExp, (each: ReturnType<typeof call>) => unknown]>} */
  const cases = {
    'another question': [/asked for now before, and now for random/, ({ made }) => made.told('random', () => 3)],
    'another method': [/another request/, ({ made }) => made.open({ ...request, method: 'GET', headers: [] })],
    'another path': [/another request/, ({ made }) => made.open({ ...request, path: '/a', headers: [] })],
    'another header': [/another request/, ({ made }) => made.open({ ...request, headers: [['a', 'b']] })],
    'another body': [/another body/, ({ exchange }) => exchange.take(0, bytes('bodY'))],
    'a longer body': [
      /another body/,
      ({ exchange }) => {
        exchange.finish();
        exchange.take(0, bytes('body'));
        exchange.take(1, bytes('!'));
      },
    ],
    'a further request': [
      /where it sent none/,
      ({ made }) => {
        made.open({ ...request, headers: [] });
        made.open({ ...request, headers: [] });
      },
    ],
    'an end too early': [/ends earlier/, ({ made }) => made.settle()],
  };
  for (const [what, [message, diverge]] of Object.entries(cases)) {
    await t.test(what, () => assert.throws(() => diverge(call()), message));
  }
  const { made, exchange } = call();
  assert.equal(
    made.told('now', () => 5),
    1,
  );
  assert.equal(made.open({ ...request, headers: [] }), exchange);
  exchange.take(0, bytes('body'));
  assert.equal(
    made.told('random', () => 5),
    2,
  );
  made.settle();
});

test('instances are kept, used by one call at a time, and thrown away when they are worn', () => {
  const pool = new Pool(ITSM);
  const call = new Call();
  const one = pool.take(call);
  const other = pool.take(call);
  assert.notEqual(one, other);
  pool.give(one);
  assert.equal(pool.take(call), one);
  one.calls = 999;
  pool.give(one);
  assert.equal(pool.take(call), one);
  assert.equal(one.calls, 1000);
  pool.give(one);
  assert.notEqual(pool.take(call), one);
  // 16 MiB and a page.
  other.allocate(1, 17 * 1024 * 1024);
  pool.give(other);
  assert.notEqual(pool.take(call), other);
});

test('an instance that broke off is not used again', async (t) => {
  const { run } = Instance.prototype;
  t.after(() => {
    Instance.prototype.run = run;
  });
  /** @type {Set<unknown>} */
  const used = new Set();
  Instance.prototype.run = function () {
    used.add(this);
    // Out of the bounds of the memory: a trap.
    return this.export('cabi_realloc')(2 ** 31 - 8, 16, 8, 2 ** 31 - 8);
  };
  for (let times = 1; times <= 3; times += 1) {
    await assert.rejects(itsm.tickets.status(itsm.connection, 'REQ1'), (/** @type {any} */ error) => {
      assert.deepEqual([error.name, error.mayHaveActed], ['ItsmError', false]);
      assert.match(error.message, /broke off/);
      assert.ok(!JSON.stringify(error).includes(SECRET));
      return true;
    });
    assert.equal(used.size, times);
  }
});
