import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import express from 'express';
import createFastify from 'fastify';
import Koa from 'koa';
import { approvals, boundTicket, endpoint, fastify, koa } from '../itsm.js';
import { fakeItsm, itsmAt, KEY, SECRET } from './set-up.js';
import { sqliteAt } from './stores.js';

/** @import { TestContext } from 'node:test' */
/** @import { OperationStore } from '../itsm.js' */

const fake = await fakeItsm();
const itsm = itsmAt(fake.gateway);
const PATH = '/itsm/callback';
const WANTED = {
  service: { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: 'why' } },
  creator: 'carol',
};

const memoryStore = () => sqliteAt(':memory:');

/**
 * A server on a free port, whose listener needs its address.
 * @param {TestContext} t
 * @param {(callbackUrl: string) => Promise<import('node:http').RequestListener> | import('node:http').RequestListener} make
 */
async function served(t, make) {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const callbackUrl = `http://127.0.0.1:${port}${PATH}`;
  server.on('request', await make(callbackUrl));
  return callbackUrl;
}

test('the endpoint works in each framework', async (t) => {
  /** @type {Record<string, (listener: ReturnType<typeof endpoint>) => Promise<any>>} */
  const frameworks = {
    'node:http': async (listener) => listener,
    async Express(listener) {
      const app = express();
      app.post(PATH, listener);
      return app.use(express.json());
    },
    async 'Express, behind a router'(listener) {
      const router = express.Router();
      router.post('/callback', listener);
      return express().use('/itsm', router);
    },
    async Koa(listener) {
      const app = new Koa();
      app.use(koa(PATH, listener));
      return app.callback();
    },
    async Fastify(listener) {
      const app = createFastify();
      app.post('/other', (request) => request.body);
      app.register(fastify(PATH, listener));
      await app.ready();
      return app.routing;
    },
  };
  for (const [name, make] of Object.entries(frameworks)) {
    await t.test(name, async (t) => {
      /** @type {string[]} */
      const handed = [];
      const keys = [KEY];
      const callbackUrl = await served(t, (callbackUrl) =>
        make(
          endpoint(itsm, { callbackUrl, keys }, (operationId, { verdict }) => handed.push(`${operationId} ${verdict}`)),
        ),
      );
      const operationId = itsm.tickets.newOperationId();
      const ticket = boundTicket({ callbackUrl, keys }, operationId, { ...WANTED, title: name });
      const { sn } = await itsm.tickets.create(itsm.connection, ticket);
      await fake.started(sn);
      await fake.post('approve', { sn, who: 'admin' });
      assert.equal((await fake.calledBack(sn)).delivered, true);
      assert.deepEqual(handed, [`${operationId} approved`]);
    });
  }
});

test('an endpoint behind what reads bodies says where it belongs', async (t) => {
  /** @type {string[]} */
  const logged = [];
  const callbackUrl = await served(t, (callbackUrl) => {
    const app = express().use(express.json());
    const settings = { callbackUrl, keys: [KEY], log: (/** @type {string} */ line) => logged.push(line) };
    return app.post(
      PATH,
      endpoint(itsm, settings, () => assert.fail('nothing was confirmed')),
    );
  });
  const answer = await fetch(callbackUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  assert.deepEqual([answer.status, (await answer.json()).code], [200, 1]);
  assert.match(logged.join('\n'), /before what reads bodies/);
});

/** How many tickets have this title. @param {string} title */
async function ticketsOf(title) {
  return (await fake.get('tickets')).filter((/** @type {any} */ ticket) => ticket.title === title);
}

/**
 * Approvals whose clock of what is due is always late: each tick does all there is.
 * @param {OperationStore} store
 * @param {string} callbackUrl
 * @param {(operationId: string, verdict: string) => void} onOutcome
 */
function impatient(store, callbackUrl, onOutcome) {
  /** @type {string[]} */
  const logged = [];
  const all = approvals(itsm, store, {
    ...{ callbackUrl, keys: [KEY], log: (line) => logged.push(line) },
    onOutcome: (operationId, { verdict }) => onOutcome(operationId, verdict),
  });
  /** @param {string} operationId */
  async function hurry(operationId) {
    const operation = await store.get(operationId);
    if (operation?.dueS) await store.put({ ...operation, dueS: 1, revision: operation.revision + 1 });
    await all.tick();
  }
  return { ...all, hurry, logged };
}

test('a process that ends at any write is gone on from: no ticket twice, no outcome lost', async (t) => {
  for (let endsAt = 1; endsAt <= 8; endsAt += 1) {
    for (const how of ['before', 'after']) {
      await t.test(`${how} write ${endsAt}`, async () => {
        const store = await memoryStore();
        let writes = 0;
        /** The store of a process that ends at a write. @type {OperationStore} */
        const ending = {
          ...store,
          put(operation) {
            writes += 1;
            if (writes === endsAt && how === 'before') throw new Error('killed');
            const stored = store.put(operation);
            if (writes === endsAt) throw new Error('killed');
            return stored;
          },
        };
        const title = `killed ${how} ${endsAt}`;
        /** @type {string[]} */
        const outcomes = [];
        const note = (/** @type {string} */ operationId, /** @type {string} */ verdict) =>
          outcomes.push(`${operationId} ${verdict}`);
        // Nobody listens there: all callbacks are lost.
        const url = 'http://127.0.0.1:9/itsm/callback';
        const first = impatient(ending, url, note);
        const operationId = itsm.tickets.newOperationId();
        const killed = (/** @type {any} */ error) => assert.match(error.message, /killed/);
        const begun = await first.request({ ...WANTED, title }, operationId).then(() => true, killed);
        if (begun) {
          const [{ sn }] = await ticketsOf(title);
          await fake.started(sn);
          await fake.post('approve', { sn, who: 'admin' });
          for (let ticks = 0; ticks < 4; ticks += 1) await first.hurry(operationId).catch(killed);
        }
        // Another process goes on.
        const second = impatient(store, url, note);
        if (!(await store.get(operationId))) {
          assert.deepEqual(await ticketsOf(title), []);
          return;
        }
        for (let ticks = 0; ticks < 20 && (await store.get(operationId))?.dueS !== undefined; ticks += 1) {
          for (const { sn, approved } of await ticketsOf(title)) {
            await fake.started(sn);
            if (!approved && ticks === 0) await fake.post('approve', { sn, who: 'admin' }).catch(() => {});
          }
          await second.hurry(operationId);
        }
        const made = (await ticketsOf(title)).length;
        // Nobody can know whether its `create` was sent: the ticket may be made ten minutes later, and is waited for.
        if (endsAt === 1) {
          assert.equal(made, 0);
          assert.ok((await store.get(operationId))?.dueS);
          return;
        }
        assert.equal(made, 1);
        assert.equal((await store.get(operationId))?.outcome?.verdict, 'approved', second.logged.join('\n'));
        assert.deepEqual(new Set(outcomes), new Set([`${operationId} approved`]));
      });
    }
  }
});

test('two processes do what is due once', async () => {
  const store = await memoryStore();
  /** @type {string[]} */
  const outcomes = [];
  const url = 'http://127.0.0.1:9/itsm/callback';
  const workers = Array.from({ length: 4 }, () => impatient(store, url, (operationId) => outcomes.push(operationId)));
  const operationId = await workers[0].request({ ...WANTED, title: 'shared' });
  const [{ sn }] = await ticketsOf('shared');
  await fake.started(sn);
  await fake.post('approve', { sn, who: 'admin' });
  const operation = await store.get(operationId);
  assert.ok(operation && (await store.put({ ...operation, dueS: 1, revision: operation.revision + 1 })));
  const asked = async () =>
    (await fake.get('exchanges')).filter((/** @type {any} */ { action }) => action === 'ticket_approval_result').length;
  const before = await asked();
  await Promise.all(workers.map(({ tick }) => tick()));
  assert.equal((await asked()) - before, 1);
  assert.deepEqual(outcomes, [operationId]);
  assert.equal((await store.get(operationId))?.dueS, undefined);
  await assert.rejects(workers[1].request({ ...WANTED, title: 'shared' }, operationId), /already/);
});

test('an outcome that was not taken is handed over again', async () => {
  const store = await memoryStore();
  let isFull = true;
  const all = impatient(store, 'http://127.0.0.1:9/itsm/callback', () => {
    if (isFull) throw new Error('the disk is full');
  });
  const operationId = await all.request({ ...WANTED, title: 'taken late' });
  const [{ sn }] = await ticketsOf('taken late');
  await fake.started(sn);
  await fake.post('approve', { sn, who: 'admin' });
  await all.hurry(operationId);
  assert.match(all.logged.join('\n'), /waits on: the disk is full/);
  assert.equal((await store.get(operationId))?.outcome, undefined);
  isFull = false;
  await all.hurry(operationId);
  assert.equal((await store.get(operationId))?.outcome?.verdict, 'approved');
  const kept = JSON.stringify(all.logged);
  for (const secret of [SECRET, KEY]) assert.ok(!kept.includes(secret));
});
