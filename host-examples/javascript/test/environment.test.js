// What the environment says of the way to ITSM: which server, through which proxy, trusted by which certificates.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { Itsm, settings } from '../itsm.js';
import { fakeItsm, SECRET } from './set-up.js';

/** @import { Server } from 'node:net' */
/** @import { NewTicket } from '../itsm.js' */

const SSL_CERT_FILE = fileURLToPath(new URL('fixtures/certificate.pem', import.meta.url));
const [cert, key] = await Promise.all(
  ['certificate.pem', 'key.pem'].map((name) => readFile(new URL(`fixtures/${name}`, import.meta.url))),
);
const fake = await fakeItsm();

/** @param {Server} server */
async function listening(server) {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  return /** @type {import('node:net').AddressInfo} */ (server.address()).port;
}

/** An Itsm of an environment. @param {Record<string, string | undefined>} environment */
function itsmOf(environment) {
  const itsm = new Itsm(...settings({ ITSM_APP_CODE: 'app', ITSM_APP_SECRET: SECRET, ...environment }).site);
  after(() => itsm.close());
  return itsm;
}

/** @param {Itsm} itsm @returns {NewTicket} */
function ticket(itsm) {
  const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: 'why' } };
  return { tag: itsm.tickets.newTag(), service, creator: 'carol', title: 'a title', fields: [], processors: [] };
}

/** A server of ITSM behind TLS, for `localhost`. */
async function behindTls() {
  const server = createTlsServer({ cert, key }, (incoming, outgoing) => {
    const { method, url, headers } = incoming;
    incoming.pipe(
      request(fake.url + url, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(outgoing);
      }),
    );
  });
  return listening(server);
}

/**
 * A proxy that leads every tunnel to one port of this machine, whatever name was asked for.
 * @param {number} port
 */
async function proxyTo(port) {
  /** @type {string[]} */
  const asked = [];
  const proxy = createServer();
  proxy.on('connect', (tunnel, socket) => {
    asked.push(`${tunnel.url} ${JSON.stringify(tunnel.headers)}`);
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      onward.pipe(socket).pipe(onward);
    });
    for (const each of [onward, socket]) each.on('error', () => {});
  });
  return { asked, url: `http://127.0.0.1:${await listening(proxy)}` };
}

test('an ESB, new or old, is reached as the gateway is, from a ticket to its verdict', async (t) => {
  const oldest = await fakeItsm('--legacy-esb');
  const cases = [
    { what: 'gateway', site: fake, environment: { ITSM_GATEWAY: fake.gateway } },
    { what: 'ESB', site: fake, environment: { ITSM_ESB: fake.url } },
    { what: 'oldest ESB', site: oldest, environment: { ITSM_ESB_LEGACY: oldest.url } },
  ];
  for (const { what, site, environment } of cases) {
    await t.test(what, async () => {
      const itsm = itsmOf({ ...environment, ITSM_TENANT_ID: 'one' });
      const wanted = ticket(itsm);
      const { sn } = await itsm.tickets.create(itsm.connection, wanted);
      await site.started(sn);
      await site.post('approve', { sn, who: 'admin' });
      const confirmation = await itsm.tickets.confirm(itsm.connection, sn, wanted.tag);
      assert.deepEqual([confirmation.tag, /** @type {any} */ (confirmation).val.verdict], ['ended', 'approved']);
      const { headers } = (await site.get('exchanges')).at(-1);
      assert.ok(headers.some((/** @type {string[]} */ pair) => pair.join() === 'x-bk-tenant-id,one'));
      // Also where the component itself has the secret.
      assert.ok(!inspect(itsm, { depth: 9, showHidden: true }).includes(SECRET));
      await assert.rejects(itsm.tickets.status(itsm.connection, 'NOBODYS'), (error) => {
        return assert.ok(!inspect(error).includes(SECRET)) ?? true;
      });
    });
  }
  await t.test('an allowed server that is not the ESB gets no credentials from it', async () => {
    const itsm = new Itsm(
      { tag: 'esb-legacy', val: oldest.url },
      { bk_app_code: 'app', bk_app_secret: SECRET },
      {
        allow: [fake.url],
      },
    );
    const other = { ...itsm.connection, endpoint: { tag: /** @type {const} */ ('esb-legacy'), val: fake.url } };
    await assert.rejects(itsm.tickets.status(other, 'REQ1'), {
      advice: { tag: 'fix-argument', val: 'connection.authorization' },
    });
    const own = { ...other, endpoint: itsm.connection.endpoint };
    await assert.rejects(itsm.tickets.status(own, 'NOBODYS'), { origin: 'itsm' });
  });
});

test('the proxy of the environment is used, but never for this machine itself', async (t) => {
  const { port } = new URL(fake.url);
  const path = new URL(fake.gateway).pathname;
  const far = `http://itsm.example.com${path}`;
  const cases = [
    { what: 'HTTP_PROXY', gateway: far, names: ['HTTP_PROXY'], isUsed: true },
    { what: 'http_proxy', gateway: far, names: ['http_proxy'], isUsed: true },
    { what: 'HTTP_PROXY, for this machine', gateway: fake.gateway, names: ['HTTP_PROXY'], isUsed: false },
    {
      what: 'HTTP_PROXY, for localhost',
      gateway: `http://localhost:${port}${path}`,
      names: ['HTTP_PROXY'],
      isUsed: false,
    },
    { what: 'HTTPS_PROXY, for http', gateway: fake.gateway, names: ['HTTPS_PROXY'], isUsed: false },
  ];
  for (const { what, gateway, names, isUsed } of cases) {
    await t.test(what, async () => {
      const { asked, url } = await proxyTo(Number(port));
      const itsm = itsmOf({ ITSM_GATEWAY: gateway, ...Object.fromEntries(names.map((name) => [name, url])) });
      const { sn } = await itsm.tickets.create(itsm.connection, ticket(itsm));
      assert.match(sn, /^REQ/);
      assert.deepEqual([asked.length > 0, asked.join().includes(SECRET)], [isUsed, false]);
    });
  }
  await t.test('another address of this machine', async () => {
    const { asked, url } = await proxyTo(Number(port));
    const itsm = itsmOf({ ITSM_GATEWAY: `http://127.0.0.2:${port}${path}`, HTTP_PROXY: url });
    await assert.rejects(itsm.tickets.create(itsm.connection, ticket(itsm)), { mayHaveActed: false });
    assert.deepEqual(asked, []);
  });
  await t.test('NO_PROXY, with a name and with its domain', async () => {
    for (const NO_PROXY of ['itsm.invalid', 'a.example, .invalid']) {
      const { asked, url } = await proxyTo(Number(port));
      const itsm = itsmOf({ ITSM_GATEWAY: `http://itsm.invalid${path}`, HTTP_PROXY: url, NO_PROXY });
      const connection = { ...itsm.connection, deadlineMs: 3000 };
      await assert.rejects(itsm.tickets.create(connection, ticket(itsm)), { name: 'ItsmError', mayHaveActed: false });
      assert.deepEqual(asked, []);
    }
  });
});

test('a server that a private CA vouches for is trusted by SSL_CERT_FILE, through a proxy too', async () => {
  const port = await behindTls();
  const path = new URL(fake.gateway).pathname;
  const direct = itsmOf({ ITSM_GATEWAY: `https://localhost:${port}${path}`, SSL_CERT_FILE });
  assert.match((await direct.tickets.create(direct.connection, ticket(direct))).sn, /^REQ/);

  const { asked, url } = await proxyTo(port);
  const environment = { ITSM_GATEWAY: `https://itsm.example.com${path}`, HTTPS_PROXY: url };
  const proxied = itsmOf({ ...environment, SSL_CERT_FILE });
  assert.match((await proxied.tickets.create(proxied.connection, ticket(proxied))).sn, /^REQ/);
  assert.ok(asked.length > 0 && !asked.join().includes(SECRET));

  const strict = itsmOf(environment);
  await assert.rejects(strict.tickets.create(strict.connection, ticket(strict)), {
    name: 'ItsmError',
    mayHaveActed: false,
    advice: { tag: 'call-operator' },
  });
});

test('a proxy that refuses is a failure before anything is sent', async (t) => {
  for (const status of ['403 Forbidden', '407 Proxy Authentication Required', '502 Bad Gateway']) {
    await t.test(status, async () => {
      const proxy = createServer();
      proxy.on('connect', (_, socket) => socket.end(`HTTP/1.1 ${status}\r\ncontent-length: 0\r\n\r\n`));
      const url = `http://user:canary-of-the-proxy@127.0.0.1:${await listening(proxy)}`;
      const itsm = itsmOf({ ITSM_GATEWAY: 'https://itsm.example.com/prod', HTTPS_PROXY: url });
      const connection = { ...itsm.connection, deadlineMs: 3000 };
      await assert.rejects(itsm.tickets.create(connection, ticket(itsm)), (/** @type {any} */ error) => {
        assert.deepEqual([error.name, error.mayHaveActed], ['ItsmError', false], error.message);
        assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /canary/);
        return true;
      });
    });
  }
});

test('a proxy or a file of certificates that is none is named, and no password is shown', () => {
  const given = { ITSM_GATEWAY: fake.gateway, ITSM_APP_CODE: 'app', ITSM_APP_SECRET: SECRET };
  for (const HTTP_PROXY of ['user:canary@proxy:3128', 'http://user:canary@pro xy'])
    assert.throws(() => settings({ ...given, HTTP_PROXY }), {
      name: 'TypeError',
      message: 'HTTP_PROXY is no address of a proxy: one such as http://proxy:3128 is expected',
    });
  assert.throws(
    () => settings({ ...given, SSL_CERT_FILE: '/no/such.pem' }),
    /^TypeError: SSL_CERT_FILE can not be read: ENOENT/,
  );
});
