// Measures the npm package beside what people write themselves. `cargo xtask bench` runs it, in the package's folder.
//
// `node bench.mjs GATEWAY SECONDS NAME`: each line that it prints is a row as JSON, named after NAME, the version of
// Node. The server at GATEWAY answers at once.

import { createHmac, timingSafeEqual } from 'node:crypto';
import { pathToFileURL } from 'node:url';

const { callbacks, Itsm } = await import(pathToFileURL('generated/package/index.js').href);

const [gateway, seconds, name] = process.argv.slice(2);
const MS = Number(seconds) * 1000;
const TURNS = 3;
const AUTHORIZATION = { bk_app_code: 'app', bk_app_secret: 'secret' };
const KEY = `itsm-key.b.${'0f'.repeat(32)}`;

const itsm = new Itsm({ tag: 'gateway', val: gateway }, AUTHORIZATION);
let numbers = 0;

/** A tag that no other ticket has. */
function newTag(/** @type {string} */ letter) {
  const number = (numbers++).toString().padStart(6, '0');
  return letter.repeat(20) + number.replaceAll(/./g, (digit) => 'abcdefghij'[Number(digit)]);
}

const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: 'why' } };
const ticket = { service, creator: 'carol', title: 'a title', fields: [], processors: [] };

async function byPackage() {
  const tag = newTag('a');
  const { sn } = await itsm.tickets.create(itsm.connection, { ...ticket, tag });
  const { tag: what } = await itsm.tickets.confirm(itsm.connection, sn, tag);
  if (what !== 'open') throw new Error(what);
}

/** The requests that the package sends for it. */
async function byFetch() {
  const tag = newTag('b');
  const { creator, title } = ticket;
  const fields = [
    { key: 'title', value: title },
    { key: 'APPROVER', value: 'admin' },
    { key: 'APPROVAL_CONTENT', value: 'why' },
  ];
  const { sn } = await post('create_ticket', { creator, fast_approval: true, fields, meta: {}, tag });
  const [, { items }] = await Promise.all([
    post('get_tickets', { page: 1, page_size: 100, tag }),
    post('get_tickets', { page: 1, page_size: 1, tag: newTag('c') }),
  ]);
  if (sn !== tag || items.length > 0) throw new Error(sn);
}

async function post(/** @type {string} */ action, /** @type {object} */ parameters) {
  const headers = { 'X-Bkapi-Authorization': JSON.stringify(AUTHORIZATION), 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(parameters) };
  const { result, data } = await (await fetch(`${gateway}/v2/itsm/${action}/`, init)).json();
  if (result !== true) throw new Error(action);
  return data;
}

/** How many are done in a second. */
async function rate(/** @type {() => unknown} */ one, /** @type {number} */ atOnce) {
  const begun = performance.now();
  let done = 0;
  const repeat = async () => {
    for (; performance.now() < begun + MS; done += 1) await one();
  };
  await Promise.all(Array.from({ length: atOnce }, repeat));
  return (1000 * done) / (performance.now() - begun);
}

/** For what waits for nothing: so many at a time that the clock and the loop do not count. */
function microseconds(/** @type {() => void} */ one) {
  const begun = performance.now();
  let done = 0;
  for (; performance.now() < begun + MS; done += 100) {
    for (let time = 0; time < 100; time += 1) one();
  }
  return (1000 * (performance.now() - begun)) / done;
}

/**
 * In turn, so that both have the same of what else the machine does. The first turn warms up.
 *
 * @param {string} what @param {string} beside @param {string} unit
 * @param {() => number | Promise<number>} ours @param {() => number | Promise<number>} theirs
 */
async function row(what, beside, unit, ours, theirs) {
  const pairs = [];
  for (let turn = 0; turn <= TURNS; turn += 1) pairs.push([await ours(), await theirs()]);
  const [, ...counted] = pairs;
  const samples = { ours: counted.map(([our]) => our), theirs: counted.map(([, their]) => their) };
  console.log(JSON.stringify({ what: `${name}/${what}`, beside, unit, ...samples }));
}

/** A callback's body of at most so many bytes, and nearly as many: a recorded one, with members that nobody reads. */
function bodyOf(/** @type {number} */ size) {
  /** @type {Record<string, unknown>} */
  const body = {
    title: 'open an account',
    current_status: 'FINISHED',
    sn: 'REQ20261124000058',
    ticket_url: 'http://itsm.example.com/weixin/#/ticket/55/',
    update_at: '2026-11-24 07:35:59.863513',
    updated_by: ',admin,',
    approve_result: true,
    token: 'TxwqugZ2mBU56PWQuu93BFEshMJOc6nEy6FrwLU8L7fQvzpzKBJYakKHkyOb5XgxFwwSXKikMSGl0d6w520hpg==',
    last_approver: 'admin',
  };
  for (let more = 0; JSON.stringify(body).length + 140 < size; more += 1)
    body[`member_${more}`] = `the value ${String(more).padStart(100, '0')}`;
  return Buffer.from(JSON.stringify(body));
}

/** As people write it. */
function byPlainCode(/** @type {Buffer} */ body) {
  const { current_status: status, approve_result: isApproved } = JSON.parse(body.toString());
  if (status !== 'FINISHED' || isApproved !== true) throw new Error(status);
}

function byComponent(/** @type {Buffer} */ body) {
  const { status, approveResult } = callbacks.parse(body);
  if (callbacks.conclude(status, approveResult, true) !== 'approved') throw new Error(status);
}

for (const [label, size] of /** @type {const} */ ([
  ['377', 377],
  ['4k', 4096],
  ['64k', 65_536],
])) {
  const body = bodyOf(size);
  const ours = () => microseconds(() => byComponent(body));
  await row(`parse-${label}`, 'plain code', 'us', ours, () => microseconds(() => byPlainCode(body)));
}

const url = 'https://host.example.com/itsm/callback';
const bound = callbacks.bind(KEY, { operationId: 'operation', callbackUrl: url, expiresS: 4_000_000_000 });
const header = [bound.header];
function checkByComponent() {
  if (callbacks.checkBinding([KEY], header, url, 1_700_000_000).tag !== bound.tag) throw new Error('another tag');
}
/** The least that a check is: one HMAC for the binding, one for the tag, and a comparison. */
function checkByCrypto() {
  const key = Buffer.from(KEY.slice(KEY.lastIndexOf('.') + 1), 'hex');
  const first = createHmac('sha256', key).update(bound.header[1]).update(url).digest();
  if (timingSafeEqual(first, createHmac('sha256', key).update('tag').digest())) throw new Error('the same');
}
await row(
  'check-binding',
  'crypto',
  'us',
  () => microseconds(checkByComponent),
  () => microseconds(checkByCrypto),
);

for (const atOnce of [1, 32]) {
  const ours = () => rate(byPackage, atOnce);
  await row(`create-confirm-${atOnce}`, 'fetch', '1/s', ours, () => rate(byFetch, atOnce));
}
await itsm.close();
