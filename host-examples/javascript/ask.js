// Asks for one approval, waits for its outcome, and exits with 0 if it is an approval. Run again, it goes on.
//
// Settings come from the environment: ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, ITSM_CALLBACK_URL,
// ITSM_BINDING_KEYS, ITSM_RECORD for the file that keeps the operation, ITSM_LISTEN, which is 0.0.0.0:8080 when it is
// not set, and ITSM_DECIDE_WITHIN_S, without which it waits for a decision for ever.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { isDeepStrictEqual } from 'node:util';
import { Approval, newTicket } from './approval.js';
import { callbackListener } from './endpoint.js';
import { Itsm } from './itsm.js';

const [creator, approver, title] = process.argv.slice(2);
if (!title) stop('usage: node ask.js CREATOR APPROVER TITLE');
/** @type {import('./endpoint.js').Settings} */
const settings = {
  endpoint: { tag: 'gateway', val: env('ITSM_GATEWAY') },
  authorization: { bk_app_code: env('ITSM_APP_CODE'), bk_app_secret: env('ITSM_APP_SECRET') },
  callbackUrl: env('ITSM_CALLBACK_URL'),
  bindingKeys: env('ITSM_BINDING_KEYS')
    .split(',')
    .map((key) => key.trim()),
};
const record = env('ITSM_RECORD');
const { hostname, port } = new URL(`http://${process.env.ITSM_LISTEN ?? '0.0.0.0:8080'}`);
const decideWithinS = process.env.ITSM_DECIDE_WITHIN_S ?? '0';
if (!/^\d{1,9}$/.test(decideWithinS)) stop('ITSM_DECIDE_WITHIN_S is not a number of seconds');

const itsm = new Itsm(settings.endpoint, settings.authorization);
const what = { creator, approver, title };
const kept = Approval.kept(record) ?? (await begin());
if (!isDeepStrictEqual(kept.what, what)) stop(`${record} keeps another operation: ${kept.what.title}`);
console.log(`operation ${kept.operationId}`);
const approval = new Approval(itsm, record, kept, console.log);

// A connection that is kept open would keep the program from ending.
const server = createServer({ keepAliveTimeout: 1 });
server.on(
  'request',
  callbackListener(
    settings,
    async (operationId, outcome) => {
      if (operationId !== kept.operationId) throw new Error(`${operationId} is not the operation of this program`);
      await approval.take({ tag: 'confirmed', val: { tag: 'ended', val: outcome } });
      if (!approval.verdict) throw new Error('the ticket is not known yet: asking again later');
    },
    console.log,
  ),
);
// It listens before the ticket is made: the callback can come before `create` has answered.
server.listen(Number(port || 80), hostname);
await once(server, 'listening');

await approval.run(Number(decideWithinS));
await approval.settled;
// The callback is answered before the program ends.
server.close();
await once(server, 'close');
console.log(approval.verdict ?? 'no verdict');
process.exitCode = approval.verdict === 'approved' ? 0 : 1;

async function begin() {
  const operationId = itsm.tickets.newOperationId();
  return { operationId, what, ticket: newTicket(settings, operationId, what) };
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
