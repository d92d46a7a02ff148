// A process that awaits one approval, and kills itself at one of its writes: for killed.test.js.

import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { approvals, Itsm, settings } from '../itsm.js';
import { sqliteAt } from './stores.js';

/** @import { OperationStore } from '../itsm.js' */

const [database, outcomeFile, operationId, title, endsAt, how, stepMs] = process.argv.slice(2);
// Time goes on faster at each tick, where nobody wants to wait for as long as it takes.
let aheadMs = 0;
const { now } = Date;
Date.now = () => now() + aheadMs;

const store = await sqliteAt(database);
let writes = 0;
/** @type {OperationStore} */
const killing = {
  ...store,
  put(operation) {
    writes += 1;
    const isLast = writes === Number(endsAt);
    if (isLast && how === 'before') process.kill(process.pid, 'SIGKILL');
    const stored = store.put(operation);
    if (isLast) process.kill(process.pid, 'SIGKILL');
    return stored;
  },
};
const { site, callback } = settings();
if (!callback) throw new Error('ITSM_CALLBACK_URL is not set');
const itsm = new Itsm(...site);
const all = approvals(itsm, killing, {
  ...callback,
  log: console.error,
  onOutcome(id, { verdict }) {
    // Whoever acts on it recognises a repetition by the operation id.
    writeFileSync(outcomeFile, `${id} ${verdict}\n`, { flag: 'a' });
  },
});
if (!(await store.get(operationId))) {
  const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: 'why' } };
  await all.request({ service, creator: 'carol', title }, operationId);
  // The fewer questions come too early, the fewer writes there are.
  const fake = `${new URL(site[0].val).origin}/fake/tickets`;
  for (let isEnded = false; !isEnded; await sleep(20)) {
    const tickets = await (await fetch(fake)).json();
    isEnded = tickets.some((/** @type {any} */ ticket) => ticket.title === title && ticket.ended);
  }
}
for (let ticks = 0; ; ticks += 1) {
  const operation = await store.get(operationId);
  if (operation?.dueS === undefined) break;
  if (ticks > 300) throw new Error('it is never settled');
  // Everything is due now.
  if (operation.dueS > 1) store.put({ ...operation, dueS: 1, revision: operation.revision + 1 });
  await all.tick();
  aheadMs += Number(stepMs);
  await sleep(20);
}
console.log(writes);
