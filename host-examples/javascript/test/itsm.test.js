import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { MessageChannel, Worker } from 'node:worker_threads';
import { CallError, ComponentError, callbacks, Itsm, tracking } from '../itsm.js';
import { AUTHORIZATION, fakeItsm, itsmAt, SECRET } from './set-up.js';

const fake = await fakeItsm();
const itsm = itsmAt(fake.gateway);

/** @import { NewTicket } from '../itsm.js' */
/**
 * @param {Partial<NewTicket>} changes
 * @returns {Promise<NewTicket>}
 */
async function ticket(changes = {}) {
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

test('the credentials are on the requests, and never in the memory of the component', async (t) => {
  const { port1, port2 } = new MessageChannel();
  const thread = new Worker(new URL('watched-worker.js', import.meta.url), {
    workerData: { origin: new URL(fake.url).origin, authorization: JSON.stringify(AUTHORIZATION), port: port2 },
    transferList: [port2],
  });
  t.after(() => thread.terminate());
  thread.postMessage({
    of: 'tickets',
    name: 'create',
    values: [itsm.connection, await ticket({ title: 'a planted title' })],
  });
  const [answer] = await once(thread, 'message');
  assert.match(answer.value.sn, /^REQ/);

  const sent = (await fake.get('exchanges')).at(-1);
  assert.deepEqual(
    sent.headers.filter((/** @type {string[]} */ [name]) => name === 'x-bkapi-authorization'),
    [['x-bkapi-authorization', JSON.stringify(AUTHORIZATION)]],
  );
  port1.postMessage(['a planted title', SECRET]);
  const [memory] = await once(port1, 'message');
  // What the component was given is found: the search looks at the right bytes.
  assert.deepEqual(memory.found, ['a planted title']);
  port1.close();
});

test('the component cannot read the credentials back from its own request', async (t) => {
  const outgoing = new URL('../outgoing.js', import.meta.url);
  const thread = new Worker(
    `import(${JSON.stringify(outgoing)}).then(({ types }) => {
    const headers = types.Fields.fromList([['accept', new Uint8Array([42])]]);
    const request = new types.OutgoingRequest(headers);
    const names = (fields) => fields.entries().map(([name]) => name);
    require('node:worker_threads').parentPort.postMessage([names(headers), names(request.headers())]);
  })`,
    { eval: true, workerData: { origin: '', authorization: SECRET } },
  );
  t.after(() => thread.terminate());
  const [names] = await once(thread, 'message');
  assert.deepEqual(names, [['accept'], ['accept']]);
});

test('every function of the component is reachable', async (t) => {
  const { port1, port2 } = new MessageChannel();
  const thread = new Worker(new URL('watched-worker.js', import.meta.url), {
    workerData: { origin: '', authorization: '{}', port: port2 },
    transferList: [port2],
  });
  t.after(() => thread.terminate());
  port1.postMessage([]);
  const [{ functions }] = await once(port1, 'message');
  port1.close();
  const surface = await readFile(new URL('../../../tests/surface/itsm.txt', import.meta.url), 'utf8');
  const wanted = [...surface.matchAll(/^export blueking:itsm\/(.+)@.+#(.+)$/gm)].map(
    ([, of, name]) => `${of}.${name.replace(/-(.)/g, (_, letter) => letter.toUpperCase())}`,
  );
  assert.ok(wanted.length > 40);
  assert.deepEqual(
    wanted.filter((name) => !functions.includes(name)),
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
      await assert.rejects(itsm.tickets.create(itsm.connection, await ticket(changes)), (/** @type {any} */ error) => {
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

test('a function with an error of its own rejects with its payload', async () => {
  const [service] = await itsm.services.listServices(itsm.connection, {});
  const named = [{ name: 'no such node', users: ['admin'] }];
  await assert.rejects(
    itsm.services.resolveProcessors(itsm.connection, service.id, named),
    (/** @type {any} */ error) => {
      assert.ok(error instanceof ComponentError && error instanceof CallError);
      assert.equal(error.message, 'unknown-name: no such node');
      assert.equal(error.payload.tag, 'unknown-name');
      return true;
    },
  );
});

test('many more calls than threads are all answered', async () => {
  const ids = await Promise.all(Array.from({ length: 20 }, () => itsm.tickets.newOperationId()));
  assert.equal(new Set(ids).size, 20);
});

test('after an argument of a wrong type the next call works', async () => {
  const wrong = /** @type {any} */ (undefined);
  await assert.rejects(itsm.tickets.status(wrong, 'REQ1'), TypeError);
  await assert.rejects(/** @type {any} */ (itsm.tickets).noSuchFunction(), TypeError);
  assert.match(itsm.tickets.newOperationId(), /^[a-z2-7]{26}$/);
});

test('a call under way is rejected when its host is closed', async () => {
  const closing = itsmAt(fake.gateway);
  await fake.post('fault', { action: 'get_ticket_status', fault: 'slow', ms: 3000, times: 1 });
  const call = assert.rejects(closing.tickets.status(closing.connection, 'REQ1'), /was ended/);
  await fake.until('exchanges', (seen) => seen.action === 'get_ticket_status' && seen.query.includes('REQ1'));
  await closing.close();
  await call;
});

test('credentials that no header can hold are refused without being shown', () => {
  assert.throws(
    () => new Itsm(itsm.connection.endpoint, { bk_app_secret: '密码' }),
    (/** @type {any} */ error) => {
      assert.equal(error.code, 'ERR_INVALID_CHAR');
      assert.ok(!error.message.includes('密码'));
      return true;
    },
  );
});

test('reading a callback and tracking an operation need no thread', () => {
  assert.equal(callbacks.conclude('FINISHED', true, true), 'approved');
  assert.deepEqual(tracking.start('k7w2hq4mzx3n6vbr5tjd8ycpfa', undefined, 0n).actions, [{ tag: 'create' }]);
});
