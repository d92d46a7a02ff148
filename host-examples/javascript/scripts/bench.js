// Measures create and confirm beside fetch, which sends the same requests: pairs a second, at 1 and at 32 at once, and
// this process's time of the CPU for each pair, which other work on the machine disturbs less.
//
// `node scripts/bench.js [SECONDS]`, after `npm run build`. The server answers at once, in its own process.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { Itsm } from '../itsm.js';

const AUTHORIZATION = { bk_app_code: 'app', bk_app_secret: 'secret' };

if (process.send) await serve();
else await measure(Number(process.argv[2] ?? 3) * 1000);

/** As ITSM answers about open tickets, each of which has its tag as its number. */
async function serve() {
  /** @type {Set<string>} */
  const tags = new Set();
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { tag } = JSON.parse(body);
      const ticket = { sn: tag, id: 1, ticket_url: 'http://itsm.example.com/1' };
      const more = { title: 't', creator: 'carol', service_id: 2, current_status: 'RUNNING', updated_by: 'carol' };
      const times = { create_at: '2026-11-24 07:45:06', update_at: '2026-11-24 07:45:06', end_at: null };
      const isCreate = request.url?.includes('create_ticket');
      const items = tags.has(tag) ? [{ ...ticket, ...more, ...times }] : [];
      if (isCreate) tags.add(tag);
      const data = isCreate ? ticket : { page: 1, total_page: 1, count: items.length, items };
      const answer = JSON.stringify({ result: true, code: 0, message: 'success', data });
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': answer.length }).end(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  process.send?.(/** @type {import('node:net').AddressInfo} */ (server.address()).port);
}

/** @param {number} ms */
async function measure(ms) {
  const server = fork(fileURLToPath(import.meta.url));
  const [port] = await once(server, 'message');
  const gateway = `http://127.0.0.1:${port}/api/bk-itsm/prod`;
  const itsm = new Itsm({ tag: 'gateway', val: gateway }, AUTHORIZATION);
  const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: 'why' } };
  const ticket = { service, creator: 'carol', title: 'a title', fields: [], processors: [] };
  let made = 0;
  const tagOf = (/** @type {string} */ letter) =>
    letter.repeat(20) +
    (made++)
      .toString()
      .padStart(6, '0')
      .replaceAll(/./g, (digit) => 'abcdefghij'[Number(digit)]);

  async function byPackage() {
    const tag = tagOf('a');
    const { sn } = await itsm.tickets.create(itsm.connection, { ...ticket, tag });
    const { tag: what } = await itsm.tickets.confirm(itsm.connection, sn, tag);
    if (what !== 'open') throw new Error(what);
  }
  async function byFetch() {
    const tag = tagOf('b');
    const { creator, title } = ticket;
    const fields = [
      { key: 'title', value: title },
      { key: 'APPROVER', value: 'admin' },
      { key: 'APPROVAL_CONTENT', value: 'why' },
    ];
    const { sn } = await post('create_ticket', { creator, fast_approval: true, fields, meta: {}, tag });
    await post('get_tickets', { page: 1, page_size: 100, tag });
    const { items } = await post('get_tickets', { page: 1, page_size: 1, tag: tagOf('c') });
    if (sn !== tag || items.length > 0) throw new Error(sn);
  }
  /** @param {string} action @param {object} parameters */
  async function post(action, parameters) {
    const headers = { 'X-Bkapi-Authorization': JSON.stringify(AUTHORIZATION), 'content-type': 'application/json' };
    const init = { method: 'POST', headers, body: JSON.stringify(parameters) };
    const { result, data } = await (await fetch(`${gateway}/v2/itsm/${action}/`, init)).json();
    if (result !== true) throw new Error(action);
    return data;
  }
  /** @param {() => Promise<unknown>} one @param {number} atOnce @param {number} forMs */
  async function measured(one, atOnce, forMs) {
    const begun = performance.now();
    const cpu = process.cpuUsage();
    let ended = 0;
    const repeat = async () => {
      for (; performance.now() < begun + forMs; ended += 1) await one();
    };
    await Promise.all(Array.from({ length: atOnce }, repeat));
    const { user, system } = process.cpuUsage(cpu);
    return { rate: (1000 * ended) / (performance.now() - begun), cpuMs: (user + system) / 1000 / ended };
  }

  console.log(`${process.version}, ${'Suspending' in WebAssembly ? 'JSPI' : 'calls made again'}`);
  for (const atOnce of [1, 32]) {
    const sums = { fetch: { rate: 0, cpuMs: 0 }, package: { rate: 0, cpuMs: 0 } };
    // In turn, so that both have the same of what else the machine does. The first turn warms up.
    for (const turn of [0, 1, 2, 3]) {
      for (const [name, one] of /** @type {const} */ ([
        ['fetch', byFetch],
        ['package', byPackage],
      ])) {
        const { rate, cpuMs } = await measured(one, atOnce, ms / 3);
        if (turn === 0) continue;
        sums[name].rate += rate / 3;
        sums[name].cpuMs += cpuMs / 3;
      }
    }
    const said = Object.entries(sums).map(
      ([name, { rate, cpuMs }]) => `${name} ${rate.toFixed(0)}/s, ${cpuMs.toFixed(2)} ms`,
    );
    const times = (sums.package.rate / sums.fetch.rate).toFixed(2);
    const cheaper = (sums.fetch.cpuMs / sums.package.cpuMs).toFixed(2);
    console.log(`${atOnce} at once: ${said.join('; ')}; ${times} times as many, ${cheaper} times for the CPU`);
  }
  await itsm.close();
  server.kill();
}
