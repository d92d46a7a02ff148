// Asks for one approval, waits for its outcome, and exits with 0 if it is an approval. Run again, it goes on.
//
// Settings come from the environment: those of `settings`, ITSM_RECORD for the file that keeps the operation, ITSM_LISTEN,
// which is 0.0.0.0:8080 when it is not set, and ITSM_DECIDE_WITHIN_S, without which it waits for a decision for ever.

import { once } from 'node:events';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { approvals, endpoint, Itsm, settings } from './itsm.js';

/** @import { Operation, OperationStore } from './itsm.js' */

const [creator, approver, title] = process.argv.slice(2);
if (!title) stop('usage: node ask.js CREATOR APPROVER TITLE');
const { site, callback = stop('ITSM_CALLBACK_URL is not set') } = read();
const itsm = new Itsm(...site);
const awaited = { ...callback, log: console.log };
const file = env('ITSM_RECORD');
const { hostname, port } = new URL(`http://${process.env.ITSM_LISTEN ?? '0.0.0.0:8080'}`);
const decideWithinS = process.env.ITSM_DECIDE_WITHIN_S ?? '0';
if (!/^\d{1,9}$/.test(decideWithinS)) stop('ITSM_DECIDE_WITHIN_S is not a number of seconds');

const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: [approver], content: title } };
const wanted = { creator, title, service };
/** The one operation, which an earlier run may have left. */
let kept = recorded();
if (kept) {
  const { ticket } = kept;
  if (!isDeepStrictEqual({ creator: ticket.creator, title: ticket.title, service: ticket.service }, wanted))
    stop(`${file} keeps another operation: ${ticket.title}`);
}
const operationId = kept?.operationId ?? itsm.tickets.newOperationId();
console.log(`operation ${operationId}`);

/** @type {OperationStore} */
const store = {
  get: (id) => (id === operationId ? kept : undefined),
  put(operation) {
    if (operation.revision !== (kept?.revision ?? 0) + 1) return false;
    kept = operation;
    // Nobody ever reads half of it, and nobody else reads the tag.
    writeFileSync(`${file}.new`, JSON.stringify(kept), { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    return true;
  },
  due: (now) => (kept?.dueS !== undefined && kept.dueS <= now ? [operationId] : []),
};
// The outcome itself is what the program is for: it is kept with the operation.
const all = approvals(itsm, store, { ...awaited, onOutcome() {} });

// A connection that is kept open would keep the program from ending.
const server = createServer({ keepAliveTimeout: 1 }, endpoint(itsm, awaited, all.outcome));
// It listens before the ticket is made: the callback can come before `create` has answered.
server.listen(Number(port || 80), hostname);
await once(server, 'listening');

// What an earlier run has left is due now.
if (kept) store.put({ ...kept, dueS: kept.dueS && 0, revision: kept.revision + 1 });
else await all.request({ ...wanted, decideWithinS: Number(decideWithinS) }, operationId);
for (; kept?.dueS !== undefined; await sleep(200)) await all.tick();
// The callback is answered before the program ends.
server.close();
await once(server, 'close');
const verdict = kept?.outcome?.verdict;
console.log(verdict ?? 'no verdict');
process.exitCode = verdict === 'approved' ? 0 : 1;

function read() {
  try {
    return settings();
  } catch (/** @type {any} */ error) {
    return stop(error.message);
  }
}

/** @returns {Operation | undefined} */
function recorded() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (/** @type {any} */ error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** @param {string} name */
function env(name) {
  return process.env[name] || stop(`${name} is not set`);
}

/**
 * @param {string} why
 * @returns {never}
 */
function stop(why) {
  console.error(why);
  process.exit(2);
}
