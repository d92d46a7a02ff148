import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { itsmAt } from './set-up.js';

/** @import { Socket } from 'node:net' */
/** @import { NewTicket } from '../generated/itsm/interfaces/blueking-itsm-tickets.js' */

/**
 * A server that does with each request that it has read whole what `answer` says.
 * @param {(socket: Socket, body: string) => void} answer
 */
async function rawServer(answer) {
  const server = createServer((socket) => {
    let received = '';
    socket.setEncoding('latin1').on('error', () => {}).on('data', (chunk) => {
      received += chunk;
      const [, head, length = 0, body] = /^(.*?(?:content-length: (\d+).*?)?\r\n)\r\n(.*)$/si.exec(received) ?? [];
      if (head === undefined || body.length < Number(length)) return;
      received = '';
      answer(socket, body);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { server, itsm: itsmAt(`http://127.0.0.1:${port}/api/bk-itsm/prod`) };
}

/**
 * @param {string} tag
 * @returns {NewTicket}
 */
function ticket(tag) {
  const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: 'why' } };
  return { tag, service, creator: 'carol', title: 'a title', fields: [], processors: [] };
}

test('a create that ITSM has read whole is never said to have done nothing', async () => {
  /** @type {Set<string>} */
  const whole = new Set();
  const { server, itsm } = await rawServer((_, body) => whole.add(JSON.parse(body).tag));
  const deadlines = Array.from({ length: 200 }, (_, at) => (at < 8 ? 1000 + at * 250 : 10 + at % 10 * 10));
  const failed = await Promise.all(deadlines.map(async (deadlineMs, at) => {
    const tag = `tag${at}`;
    const made = itsm.tickets.create({ ...itsm.connection, deadlineMs }, ticket(tag));
    return made.then(() => assert.fail('nobody has answered'), (error) => ({ tag, error }));
  }));
  // What the host still holds when a call has ended can leave it later: until all connections have ended.
  await itsm.close();
  await new Promise((resolve) => { server.close(resolve); });

  assert.ok(whole.size > 0);
  for (const { tag, error: { name, mayHaveActed, advice } } of failed) {
    assert.equal(name, 'ItsmError');
    if (whole.has(tag)) assert.deepEqual([mayHaveActed, advice], [true, { tag: 'look-up' }], tag);
  }
});

test('an answer that is cut or badly framed is a failure with advice', async (t) => {
  const body = JSON.stringify({ result: true, code: 0, message: 'success', data: { sn: 'REQ1', id: 1, ticket_url: 'http://itsm/1' } });
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
    ...Object.entries(answers).flatMap(([how, answer]) => Array.from({ length: Math.ceil(answer.length / 3) }, (_, at) =>
      ({ what: `${how}, cut ${3 * at + 1} bytes before its end`, answer: answer.slice(0, -3 * at - 1) }))),
    { what: 'fewer bytes than its length', answer: `${head}content-length: 1000\r\n\r\n${body}` },
    { what: 'neither length nor end', answer: `${head}\r\n${first}` },
    { what: 'a length that is no number', answer: `${head}content-length: ten\r\n\r\n${body}` },
    { what: 'a length below zero', answer: `${head}content-length: -1\r\n\r\n${body}` },
    { what: 'two lengths', answer: `${head}content-length: 10\r\ncontent-length: 20\r\n\r\n${body}` },
    { what: 'a length, and chunks', answer: `${head}content-length: 10\r\ntransfer-encoding: chunked\r\n\r\n${chunk(body)}0\r\n\r\n` },
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
    create: { call: () => itsm.tickets.create(itsm.connection, ticket('tag1')), mayHaveActed: true, advice: ['look-up'] },
    // A read is sent again, as long as there is time.
    status: { call: () => itsm.tickets.status({ ...itsm.connection, deadlineMs: 500 }, 'REQ1'), mayHaveActed: false, advice: ['wait-ms', 'call-operator'] },
  };
  for (const [how, ended] of Object.entries(ends)) {
    for (const [name, { call, mayHaveActed, advice }] of Object.entries(calls)) {
      await t.test(`${name}, ${how}`, async () => {
        end = ended;
        for (const { what, answer: bytes } of cases) {
          answer = bytes;
          const failure = await call().then(() => assert.fail(what), (/** @type {any} */ error) => error);
          assert.deepEqual({ what, name: failure.name, mayHaveActed: failure.mayHaveActed }, { what, name: 'ItsmError', mayHaveActed });
          assert.ok(advice.includes(failure.advice.tag), `${what}: ${failure.advice.tag}`);
        }
      });
    }
  }
});
