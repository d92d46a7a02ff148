import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Itsm } from '../itsm.js';
import { Pool } from '../package/instances.js';
import { itsmAt } from './set-up.js';

/** @import { Socket } from 'node:net' */
/** @import { NewTicket } from '../itsm.js' */

/**
 * A server that does with each request that it has read whole what `answer` says.
 * @param {(socket: Socket, body: string, head: string) => void} answer
 */
async function rawServer(answer) {
  const server = createServer((socket) => {
    let received = '';
    socket
      .setEncoding('latin1')
      .on('error', () => {})
      .on('data', (chunk) => {
        received += chunk;
        const [, head, length = 0, body] = /^(.*?(?:content-length: (\d+).*?)?\r\n)\r\n(.*)$/is.exec(received) ?? [];
        if (head === undefined || body.length < Number(length)) return;
        received = '';
        answer(socket, body, head);
      });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const url = `http://127.0.0.1:${port}/api/bk-itsm/prod`;
  return { server, url, itsm: itsmAt(url) };
}

/**
 * @param {string} tag
 * @returns {NewTicket}
 */
function ticket(tag) {
  const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: 'why' } };
  return { tag, service, creator: 'carol', title: 'a title', fields: [], processors: [] };
}

test('requests that do not depend on each other are under way at once, whichever answer comes first', async (t) => {
  const { take } = Pool.prototype;
  t.after(() => Object.assign(Pool.prototype, { take }));
  const page = { page: 1, total_page: 1, count: 0, next: null, previous: null, items: [] };
  const body = JSON.stringify({ result: true, code: 0, message: 'success', data: page });
  const answer = `HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`;
  for (const [first, second] of [
    [0, 1],
    [1, 0],
  ]) {
    /** @type {Socket[]} */
    const asking = [];
    const { server, itsm } = await rawServer((socket) => {
      asking.push(socket);
      if (asking.length < 2) return;
      // When the client has let go too, it has read this answer.
      asking[first].on('close', () => asking[second].end(answer)).end(answer);
    });
    const instances = new Set();
    Pool.prototype.take = function (call) {
      const instance = take.call(this, call);
      instances.add(instance);
      return instance;
    };
    const confirmed = await itsm.tickets.confirm({ ...itsm.connection, deadlineMs: 120_000 }, 'REQ1', 'tag');
    assert.deepEqual([confirmed.tag, asking.length, instances.size], ['untraceable', 2, 1]);
    server.close();
  }
});

test('a create that ITSM has read whole is never said to have done nothing', async () => {
  /** @type {Set<string>} */
  const whole = new Set();
  const aborting = new AbortController();
  const { server, itsm } = await rawServer((_, body) => {
    whole.add(JSON.parse(body).tag);
    aborting.abort();
  });
  // The first one waits for as long as it takes to be read, however slow the machine is.
  const deadlines = Array.from({ length: 200 }, (_, at) => (at === 0 ? 120_000 : 10 + (at % 10) * at));
  const failed = await Promise.all(
    deadlines.map(async (deadlineMs, at) => {
      const tag = `tag${at}`;
      const options = at === 0 ? { signal: aborting.signal } : {};
      const created = itsm.tickets.create({ ...itsm.connection, deadlineMs }, ticket(tag), options);
      return created.then(
        () => assert.fail('nobody has answered'),
        (error) => ({ tag, error }),
      );
    }),
  );
  // What the host still holds when a call has ended can leave it later: until all connections have ended.
  await itsm.close();
  await new Promise((resolve) => {
    server.close(resolve);
  });

  assert.ok(whole.size > 0);
  for (const {
    tag,
    error: { name, mayHaveActed, advice },
  } of failed) {
    assert.equal(name, 'ItsmError');
    if (whole.has(tag)) assert.deepEqual([mayHaveActed, advice], [true, { tag: 'look-up' }], tag);
  }
});

test('an answer that is cut or badly framed is a failure with advice', async (t) => {
  const body = JSON.stringify({
    result: true,
    code: 0,
    message: 'success',
    data: { sn: 'REQ1', id: 1, ticket_url: 'http://itsm/1' },
  });
  const [first, second] = [body.slice(0, 20), body.slice(20)];
  const chunked = (/** @type {string[]} */ ...chunks) =>
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunks.join('')}`;
  const chunk = (/** @type {string} */ text) => `${text.length.toString(16)}\r\n${text}\r\n`;
  const answers = {
    plain: `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    'in chunks': chunked(chunk(first), chunk(second), '0\r\n\r\n'),
  };
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
  const cases = [
    // From no byte at all to all but the last one.
    ...Object.entries(answers).flatMap(([how, answer]) =>
      Array.from({ length: Math.ceil(answer.length / 7) }, (_, at) => ({
        what: `${how}, cut ${7 * at + 1} bytes before its end`,
        answer: answer.slice(0, -7 * at - 1),
      })),
    ),
    { what: 'fewer bytes than its length', answer: `${head}content-length: 1000\r\n\r\n${body}` },
    { what: 'neither length nor end', answer: `${head}\r\n${first}` },
    { what: 'a length that is no number', answer: `${head}content-length: ten\r\n\r\n${body}` },
    { what: 'a length below zero', answer: `${head}content-length: -1\r\n\r\n${body}` },
    { what: 'two lengths', answer: `${head}content-length: 10\r\ncontent-length: 20\r\n\r\n${body}` },
    {
      what: 'a length, and chunks',
      answer: `${head}content-length: 10\r\ntransfer-encoding: chunked\r\n\r\n${chunk(body)}0\r\n\r\n`,
    },
    { what: 'a chunk whose size is no number', answer: chunked(chunk(first), 'zz\r\n', second) },
    { what: 'a chunk that is longer than its size', answer: chunked(`2\r\n${body}\r\n0\r\n\r\n`) },
    { what: 'a header without a colon', answer: `${head}nonsense\r\n\r\n${body}` },
    { what: 'a header with a NUL', answer: `${head}x: a\0b\r\ncontent-length: ${body.length}\r\n\r\n${body}` },
    { what: 'headers that never end', answer: `${head}x: ${'x'.repeat(100_000)}\r\n` },
    { what: 'a status that is no number', answer: `HTTP/1.1 abc OK\r\n\r\n${body}` },
    { what: 'no head', answer: body },
    { what: 'another protocol', answer: 'SSH-2.0-OpenSSH_9.2\r\n' },
  ];
  let answer = '';
  /** @type {(socket: Socket) => void} */
  let end = () => {};
  const { server, itsm } = await rawServer((socket) => socket.write(answer, 'latin1', () => end(socket)));
  after(() => server.close());
  const ends = {
    closed: (/** @type {Socket} */ socket) => socket.end(),
    reset: (/** @type {Socket} */ socket) => socket.resetAndDestroy(),
  };
  const calls = {
    // A write is sent once, and its answer may have been a success.
    create: {
      call: () => itsm.tickets.create(itsm.connection, ticket('tag1')),
      mayHaveActed: true,
      advice: ['look-up'],
    },
    // A read is sent again, as long as there is time.
    status: {
      call: () => itsm.tickets.status({ ...itsm.connection, deadlineMs: 500 }, 'REQ1'),
      mayHaveActed: false,
      advice: ['wait-ms', 'call-operator'],
    },
  };
  for (const [how, ended] of Object.entries(ends)) {
    for (const [name, { call, mayHaveActed, advice }] of Object.entries(calls)) {
      await t.test(`${name}, ${how}`, async () => {
        end = ended;
        for (const { what, answer: bytes } of cases) {
          answer = bytes;
          const failure = await call().then(
            () => assert.fail(what),
            (/** @type {any} */ error) => error,
          );
          assert.deepEqual(
            { what, name: failure.name, mayHaveActed: failure.mayHaveActed },
            { what, name: 'ItsmError', mayHaveActed },
          );
          assert.ok(advice.includes(failure.advice.tag), `${what}: ${failure.advice.tag}`);
        }
      });
    }
  }
});

test('what a server repeats of the credentials stands in no word', async (t) => {
  // It begins and ends in letters that each of its written forms keeps.
  const [secret, token] = ['pw"/ \\é-canary', 'canary-of-a-token'];
  const authorization = { bk_app_code: 'app', bk_app_secret: secret, access_token: token };
  const forms = {
    plain: secret,
    'another secret': token,
    'the whole header': JSON.stringify(authorization),
    JSON: JSON.stringify(secret),
    'JSON within JSON': JSON.stringify(JSON.stringify(secret)),
    'JSON, with escapes': 'pw\\u0022\\/ \\\\\\u00e9-canary',
    'JSON, with capital escapes': 'pw\\u0022\\/ \\u005C\\u00E9-canary',
    'a query': encodeURIComponent(secret),
    'a query in lower case': encodeURIComponent(secret).toLowerCase(),
    'cut somewhere': secret.repeat(50),
  };
  let answer = '';
  const { server, url } = await rawServer((socket) => socket.end(answer));
  const itsm = new Itsm({ tag: 'gateway', val: url }, authorization);
  t.after(() => itsm.close().then(() => server.close()));
  for (const [form, text] of Object.entries(forms)) {
    const message = `no ${text}\r\n\x1b[31mno`;
    const http = (/** @type {number} */ status, /** @type {string[]} */ headers, /** @type {unknown} */ body) => {
      const content = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      return [
        `HTTP/1.1 ${status} OK`,
        `X-Bkapi-Request-ID: no ${text}`,
        ...headers,
        `content-length: ${content.length}`,
        '',
        content,
      ].join('\r\n');
    };
    const code = `X-Bkapi-Error-Code: no ${text}`;
    const answers = {
      "ITSM's words and code": http(200, [], { result: false, code: text, message, data: null }),
      "the gateway's words and code": http(400, [code, `X-Bkapi-Error-Message: no ${text}`], ''),
      "the gateway's body": http(400, [code], { code: 1640001, message }),
      'a redirect': http(302, [`Location: http://127.0.0.1/?a=${encodeURIComponent(text)}`], ''),
      'a page': http(500, [], `<h1>${message}</h1>`),
    };
    for (const [where, bytes] of Object.entries(answers)) {
      await t.test(`${form}, in ${where}`, async () => {
        answer = bytes;
        const failed = (/** @type {Promise<unknown>} */ call) =>
          call.then(
            () => assert.fail('it cannot succeed'),
            (error) => error,
          );
        // What only reads is asked again, and need not be for long.
        const connection = { ...itsm.connection, deadlineMs: 500 };
        const failures = [
          await failed(itsm.tickets.create(itsm.connection, ticket('tag'))),
          await failed(itsm.tickets.status(connection, 'REQ1')),
          ...(await itsm.diagnosis.diagnose(connection)).map(({ failure, words }) => ({ ...failure, words })),
        ];
        const texts = failures.map((it) =>
          Object.values({ ...it, message: it.message })
            .map((value) => value?.val ?? value)
            .join('\n'),
        );
        for (const text of texts) {
          assert.ok(!/canary|pw"|pw%22|pw\\/i.test(text), text);
          assert.ok(!/[\r\x1b]/.test(text), text);
        }
        assert.ok(texts[0].includes('[secret]'), texts[0]);
      });
    }
  }
});

test('what never ends is given up at the deadline', async (t) => {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n';
  const chunked = `${head}transfer-encoding: chunked\r\n\r\n`;
  const flood = `10000\r\n${' '.repeat(0x10000)}\r\n`;
  const continued = 'HTTP/1.1 100 Continue\r\n\r\n';
  const cases = [
    { what: 'a status line', first: 'HTTP/1.1 200 O', again: 'K' },
    { what: 'headers', first: head, again: 'x: y\r\n' },
    { what: 'headers at once', first: head, again: 'x: y\r\n'.repeat(100), at: 'once' },
    { what: "a header's value", first: `${head}x: `, again: 'y' },
    { what: 'interim answers', first: '', again: continued },
    { what: 'interim answers at once', first: '', again: continued.repeat(100), at: 'once' },
    { what: 'a body', first: `${head}content-length: 99999\r\n\r\n`, again: ' ' },
    { what: 'chunks', first: chunked, again: '1\r\n \r\n' },
    { what: 'chunks of a byte at once', first: chunked, again: '1\r\n \r\n'.repeat(100), at: 'once' },
    { what: 'chunks at once', first: chunked, again: flood, at: 'once' },
    { what: "a chunk's extension", first: `${chunked}1;`, again: 'x' },
    { what: "a chunk's extension at once", first: `${chunked}1;`, again: 'x'.repeat(1000), at: 'once' },
    { what: 'a body without a length', first: `${head}\r\n`, again: ' ' },
  ];
  await Promise.all(
    cases.map(({ what, first, again, at }) =>
      t.test(what, async (t) => {
        let open = 0;
        const { server, url } = await rawServer((socket) => {
          open += 1;
          socket
            .on('close', () => {
              open -= 1;
            })
            .write(first);
          const more = () => {
            if (socket.destroyed) return;
            socket.write(again, () => (at ? setImmediate(more) : setTimeout(more, 20)));
          };
          more();
        });
        const itsm = itsmAt(url);
        t.after(() => server.close());
        const connection = { ...itsm.connection, deadlineMs: 1000 };
        const begun = Date.now();
        await assert.rejects(itsm.tickets.create(connection, ticket('tag')), {
          name: 'ItsmError',
          mayHaveActed: true,
          advice: { tag: 'look-up' },
        });
        await assert.rejects(itsm.tickets.status(connection, 'REQ1'), { name: 'ItsmError', mayHaveActed: false });
        // Two deadlines, and all the time that a busy machine may want.
        assert.ok(Date.now() - begun < 30_000, `${Date.now() - begun} ms`);
        // Nothing of them is left behind.
        while (open > 0) {
          assert.ok(Date.now() - begun < 60_000, 'the connection is kept');
          await new Promise((resolve) => {
            setTimeout(resolve, 20);
          });
        }
      }),
    ),
  );
});

test('an IPv6 address is one like any other', async () => {
  const fake = createServer((socket) => {
    socket.on('data', () => socket.end('HTTP/1.1 401 no\r\ncontent-length: 0\r\n\r\n')).on('error', () => {});
  }).listen(0, '::1');
  after(() => fake.close());
  await once(fake, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (fake.address());
  const itsm = itsmAt(`http://[::1]:${port}/api/bk-itsm/prod`);
  await assert.rejects(itsm.tickets.status(itsm.connection, 'REQ1'), { origin: 'answer' });
});

test('an answer in gzip, which nobody has asked for, is a failure that says so', async () => {
  /** @type {string[]} */
  const asked = [];
  const content = gzipSync(JSON.stringify({ result: true, code: 0, message: 'success', data: {} }));
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\n`;
  const { server, itsm } = await rawServer((socket, _, requested) => {
    asked.push(requested);
    socket.write(`${head}content-length: ${content.length}\r\n\r\n`);
    socket.write(content);
  });
  after(() => server.close());
  await assert.rejects(itsm.tickets.create(itsm.connection, ticket('tag')), {
    ...{ name: 'ItsmError', mayHaveActed: true, advice: { tag: 'look-up' } },
    message: /compressed with gzip, which was not asked for/,
  });
  assert.match(asked.join(), /accept-encoding: identity/i);
});

test('a server that wants fewer requests is waited for by what reads, and named by what writes', async () => {
  let requests = 0;
  const limited =
    'HTTP/1.1 429 Too Many\r\nX-Bkapi-Error-Code: 1642902\r\nRetry-After: 1\r\ncontent-length: 2\r\n\r\n{}';
  const body = JSON.stringify({
    result: true,
    code: 0,
    message: 'success',
    data: { sn: 'REQ1', current_status: 'RUNNING' },
  });
  const { server, itsm } = await rawServer((socket) => {
    requests += 1;
    socket.write(requests <= 2 ? limited : `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`);
  });
  after(() => server.close());
  await assert.rejects(itsm.tickets.create(itsm.connection, ticket('tag')), {
    ...{
      name: 'ItsmError',
      mayHaveActed: false,
      origin: 'gateway',
      code: '1642902',
      advice: { tag: 'wait-ms', val: 1000 },
    },
  });
  assert.equal(requests, 1);
  const begun = Date.now();
  await itsm.tickets.status(itsm.connection, 'REQ1').catch(() => {});
  assert.equal(requests, 3);
  assert.ok(Date.now() - begun >= 900);
});
