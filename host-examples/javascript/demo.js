// Six tickets on the fake ITSM, and what became of each. Everything it prints comes from the component.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { startFakeItsm } from './fake-itsm.js';
import { boundTicket, endpoint, Itsm, settings } from './itsm.js';

/** @import { NewTicket } from './itsm.js' */

const [code, secret] = ['demo', "the demo's app secret"];
const fake = await startFakeItsm('--credentials', `${code}:${secret}`);
const server = createServer().listen(0, '127.0.0.1');
await once(server, 'listening');
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());

const callbackUrl = `http://127.0.0.1:${port}/itsm/callback`;
// A program of yours reads them from the environment: `settings()`.
const { site, callback } = settings({
  ITSM_GATEWAY: fake.gateway,
  ITSM_APP_CODE: code,
  ITSM_APP_SECRET: secret,
  ITSM_CALLBACK_URL: callbackUrl,
  ITSM_BINDING_KEYS: `itsm-key.demo.${'5eed'.repeat(16)}`,
});
if (!callback) throw new Error('it was given just now');
const itsm = new Itsm(...site);
/** The host's record: each operation with its ticket, which holds the tag. @type {Map<string, { ticket: NewTicket, verdict?: string }>} */
const record = new Map();
server.on('request', endpoint(itsm, { ...callback, log: console.log }, deliver));

/** What people do in each story, and the verdict that must come of it. */
const STORIES = [
  { title: 'gets approved', act: approve, expected: 'approved' },
  { title: 'gets refused', act: refuse, expected: 'rejected' },
  { title: 'is taken back by its creator', act: withdraw, expected: 'withdrawn' },
  { title: 'gets a forged approval, then is refused', act: forge, expected: 'rejected' },
  { title: "waits while its header's thief is approved, then is refused", act: steal, expected: 'rejected' },
  { title: 'gets approved, and its callback is lost', act: loseCallback, expected: 'approved' },
];

/** @type {{ sn: string, title: string, expected: string, verdict: string }[]} */
const rows = [];
for (const { title, act, expected } of STORIES) {
  console.log(`A ticket that ${title}`);
  const operationId = itsm.tickets.newOperationId();
  const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: title } };
  const ticket = boundTicket(callback, operationId, { service, creator: 'carol', title });
  // Before it is created: by its tag it can be found if the answer is lost.
  record.set(operationId, { ticket });
  const { sn } = await itsm.tickets.create(itsm.connection, ticket);
  console.log(`  create    ${sn}, for operation ${operationId}`);
  await fake.started(sn);
  await act(sn, operationId);
  const { delivered, lost } = await fake.calledBack(sn);
  if (lost) await ask(sn, operationId);
  else console.log(`  callback  ITSM counts it as ${delivered ? 'delivered' : 'failed'}\n`);
  rows.push({ sn, title, expected, verdict: record.get(operationId)?.verdict ?? 'none' });
}

for (const { sn, title, expected, verdict } of rows) {
  console.log(`${sn}  ${title.padEnd(60)} ${verdict}${verdict === expected ? '' : `  <- should be ${expected}`}`);
}
const right = rows.filter(({ expected, verdict }) => verdict === expected).length;
console.log(`${right} of ${rows.length} verdicts are as expected`);
process.exitCode = right === rows.length ? 0 : 1;
server.close();
fake.stop();

/**
 * @param {string} operationId
 * @param {{ verdict: string }} outcome
 */
function deliver(operationId, { verdict }) {
  const operation = record.get(operationId);
  if (!operation) throw new Error(`${operationId} is no operation of this host`);
  operation.verdict = verdict;
}

/** @param {string} sn */
function approve(sn) {
  return fake.post('approve', { sn, who: 'admin' });
}

/** @param {string} sn */
function refuse(sn) {
  return fake.post('refuse', { sn, who: 'admin', remark: 'no' });
}

/** @param {string} sn */
async function withdraw(sn) {
  // ITSM calls back inside this very request, and the endpoint answers it meanwhile.
  await itsm.operations.withdraw(itsm.connection, sn, 'carol', 'no longer needed');
  console.log('  withdraw  ITSM has answered');
}

/**
 * Somebody has seen the header of this ticket, and posts another's approval under it with a token that
 * ITSM really issued.
 * @param {string} sn
 * @param {string} operationId
 */
async function forge(sn, operationId) {
  const approved = rows[0].sn;
  const token = await fake.get('token');
  const genuine = await itsm.tickets.verifyToken(itsm.connection, token);
  console.log(`  forged    ${approved} as FINISHED and approved, under this ticket's header`);
  console.log(`  token     ITSM says it is genuine: ${genuine}; that proves nothing`);
  await fetch(callbackUrl, {
    method: 'POST',
    headers: await fake.headersOf(operationId),
    body: JSON.stringify({ sn: approved, current_status: 'FINISHED', approve_result: true, token }),
  });
  await refuse(sn);
}

/**
 * Somebody has seen the header of this ticket, and has a ticket of his own approved that carries it: the callback
 * is ITSM's own.
 * @param {string} sn
 * @param {string} operationId
 */
async function steal(sn, operationId) {
  const own = await fake.steal(itsm, operationId);
  console.log(`  stolen    ${own} is made with this ticket's header and operation id, and approved by its maker`);
  await fake.calledBack(own);
  await refuse(sn);
}

/** @param {string} sn */
async function loseCallback(sn) {
  await fake.post('fault', { action: 'callback', fault: 'lost-callback', times: 1 });
  await approve(sn);
}

/**
 * A host that has heard nothing asks, for the number in its own record.
 * @param {string} sn
 * @param {string} operationId
 */
async function ask(sn, operationId) {
  const confirmation = await itsm.tickets.confirmOwn(itsm.connection, sn);
  console.log(`  callback  none has come. ITSM says ${sn} is ${confirmation.tag}\n`);
  if (confirmation.tag === 'ended') deliver(operationId, confirmation.val);
}
