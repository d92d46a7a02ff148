import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect, createServer as createTcpServer } from 'node:net';
import { after, test } from 'node:test';
import * as undici from 'undici';
import * as undici6 from 'undici-6';
import { Itsm } from '../itsm.js';
import { AUTHORIZATION, fakeItsm, SECRET } from './set-up.js';

/** @import { Server } from 'node:net' */
/** @import { NewTicket } from '../itsm.js' */

const [certificate, key] = await Promise.all(
  ['certificate.pem', 'key.pem'].map((name) => readFile(new URL(`fixtures/${name}`, import.meta.url))),
);
const fake = await fakeItsm();
// Undici 8 needs Node 22.
const eight = Number(process.versions.node.split('.')[0]) >= 22 ? [await import('undici-8')] : [];

/** @param {Server} server */
async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

/**
 * An Itsm that is closed at the end.
 * @param {object} dispatcher
 * @param {string} gateway
 */
function through(dispatcher, gateway = fake.gateway) {
  const itsm = new Itsm({ tag: 'gateway', val: gateway }, AUTHORIZATION, { dispatcher });
  after(() => itsm.close());
  return itsm;
}

/** @returns {NewTicket} */
function ticket() {
  const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: 'why' } };
  return { tag: 'k7w2hq4mzx3n6vbr5tjd8ycpfa', service, creator: 'carol', title: 'a title', fields: [], processors: [] };
}

test("the application's dispatcher takes the requests, of whichever version of undici it is", async (t) => {
  for (const [at, { Agent }] of [undici6, undici, ...eight].entries()) {
    await t.test(`undici ${at + 6}`, async () => {
      const dispatcher = new /** @type {any} */ (Agent)();
      let dispatched = 0;
      const { dispatch } = dispatcher;
      dispatcher.dispatch = (/** @type {any[]} */ ...values) => {
        dispatched += 1;
        return Reflect.apply(dispatch, dispatcher, values);
      };
      const itsm = through(dispatcher);
      const { sn } = await itsm.tickets.create(itsm.connection, ticket());
      assert.equal((await itsm.tickets.confirmOwn(itsm.connection, sn)).tag, 'open');
      assert.ok(dispatched >= 2);
      await dispatcher.close();
    });
  }
});

test('without one, the global dispatcher takes them', async () => {
  const before = undici.getGlobalDispatcher();
  const agent = new undici.MockAgent();
  agent.disableNetConnect();
  const origin = 'http://itsm.example.com';
  agent.get(origin).intercept({ path: /./, method: 'GET' }).reply(401, '');
  undici.setGlobalDispatcher(agent);
  after(() => undici.setGlobalDispatcher(before));
  const itsm = new Itsm({ tag: 'gateway', val: `${origin}/prod` }, AUTHORIZATION);
  await assert.rejects(itsm.tickets.status(itsm.connection, 'REQ1'), { origin: 'answer' });
  undici.setGlobalDispatcher(before);
});

test('where undici dispatches nothing, as in Bun, fetch takes them', async (t) => {
  const [global, at] = [/** @type {any} */ (globalThis), Symbol.for('undici.globalDispatcher.1')];
  const before = global[at];
  global[at] = {};
  const { fetch } = global;
  t.after(() => Object.assign(global, { [at]: before, fetch }));
  let fetched = 0;
  global.fetch = (/** @type {any} */ url, /** @type {any} */ options) => {
    fetched += 1;
    return undici.fetch(url, { ...options, dispatcher: before });
  };
  const itsm = new Itsm({ tag: 'gateway', val: fake.gateway }, AUTHORIZATION);
  const { sn } = await itsm.tickets.create(itsm.connection, ticket());
  assert.equal((await itsm.tickets.confirmOwn(itsm.connection, sn)).tag, 'open');
  assert.ok(fetched >= 2);
  await fake.post('fault', { action: 'get_ticket_status', fault: 'redirect', to: fake.url, times: 1 });
  await assert.rejects(itsm.tickets.status(itsm.connection, sn), /redirect/);
  const nobody = new Itsm({ tag: 'gateway', val: 'http://127.0.0.1:9/prod' }, AUTHORIZATION);
  await assert.rejects(nobody.tickets.create(nobody.connection, ticket()), { name: 'ItsmError', mayHaveActed: true });
  await fake.post('fault', { action: 'create_ticket', fault: 'hang', times: 1 });
  const signal = AbortSignal.timeout(300);
  await assert.rejects(itsm.tickets.create(itsm.connection, ticket(), { signal }), {
    mayHaveActed: true,
    message: /cancelled/,
  });
});

test('a proxy is used, and the server of ITSM gets the credentials through it', async () => {
  /** @type {string[]} */
  const seen = [];
  const proxy = createServer();
  proxy.on('connect', (asked, socket) => {
    seen.push(`${asked.url} ${JSON.stringify(asked.headers)}`);
    const { hostname, port } = new URL(`http://${asked.url}`);
    const onward = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const each of [onward, socket]) each.on('error', () => {});
  });
  const port = await listening(proxy);
  const dispatcher = new undici.ProxyAgent(`http://127.0.0.1:${port}`);
  after(() => dispatcher.close());
  const itsm = through(dispatcher);
  const { sn } = await itsm.tickets.create(itsm.connection, ticket());
  assert.match(sn, /^REQ/);
  assert.ok(seen.length > 0 && seen.every((line) => line.startsWith(new URL(fake.url).host)));
  assert.ok(!seen.join().includes(SECRET));
});

test('a private CA is trusted where the dispatcher trusts it, and nowhere else', async () => {
  /** A server of ITSM behind TLS. */
  const server = createTlsServer({ cert: certificate, key }, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    incoming.pipe(
      request(fake.url + url, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });
  const gateway = `https://localhost:${await listening(server)}/api/bk-itsm/prod`;
  const trusting = new undici.Agent({ connect: { ca: certificate } });
  after(() => trusting.close());
  const itsm = through(trusting, gateway);
  const { sn } = await itsm.tickets.create(itsm.connection, ticket());
  assert.match(sn, /^REQ/);

  const strict = new undici.Agent();
  after(() => strict.close());
  const other = through(strict, gateway);
  await assert.rejects(other.tickets.create(other.connection, ticket()), {
    name: 'ItsmError',
    mayHaveActed: false,
    advice: { tag: 'call-operator' },
  });
});

test('a dispatcher that follows redirects and tries again does neither for a write', async () => {
  let asked = 0;
  const elsewhere = createServer((_, answer) => {
    asked += 100;
    answer.end();
  });
  const to = `http://127.0.0.1:${await listening(elsewhere)}/`;
  const server = createServer((incoming, answer) => {
    asked += 1;
    incoming.resume().on('end', () => answer.writeHead(incoming.method === 'POST' ? 503 : 302, { location: to }).end());
  });
  const gateway = `http://127.0.0.1:${await listening(server)}/prod`;
  const { redirect, retry } = undici.interceptors;
  const dispatcher = new undici.Agent().compose(redirect({ maxRedirections: 5 }), retry());
  after(() => dispatcher.close());
  const itsm = through(dispatcher, gateway);
  await assert.rejects(itsm.tickets.create(itsm.connection, ticket()), { name: 'ItsmError' });
  assert.equal(asked, 1);
  await assert.rejects(itsm.tickets.status(itsm.connection, 'REQ1'), /redirect/);
  assert.ok(asked < 100);
});

test('what was sent is known exactly', async (t) => {
  const nobody = createTcpServer();
  const free = await listening(nobody);
  nobody.close();
  const plain = createTcpServer((socket) => socket.on('error', () => {}).on('data', () => socket.end('no TLS')));
  const plainPort = await listening(plain);
  const reading = createTcpServer((socket) => socket.on('error', () => {}).resume());
  const readingPort = await listening(reading);
  const cases = [
    { what: 'nobody listens', gateway: `http://127.0.0.1:${free}/prod`, mayHaveActed: false },
    { what: 'there is no such host', gateway: 'http://itsm.invalid/prod', mayHaveActed: false },
    { what: 'the address can not be reached in time', gateway: 'http://192.0.2.1/prod', mayHaveActed: false },
    { what: 'the other side speaks no TLS', gateway: `https://127.0.0.1:${plainPort}/prod`, mayHaveActed: false },
    { what: 'the server reads, and says nothing', gateway: `http://127.0.0.1:${readingPort}/prod`, mayHaveActed: true },
  ];
  for (const { what, gateway, mayHaveActed } of cases) {
    await t.test(what, async () => {
      const itsm = new Itsm({ tag: 'gateway', val: gateway }, AUTHORIZATION);
      t.after(() => itsm.close());
      const call = itsm.tickets.create({ ...itsm.connection, deadlineMs: 700 }, ticket());
      await assert.rejects(call, (/** @type {any} */ error) => {
        assert.deepEqual([error.name, error.mayHaveActed], ['ItsmError', mayHaveActed], error.message);
        assert.equal(error.advice.tag === 'look-up', mayHaveActed);
        return true;
      });
    });
  }
});
