// Asks for one approval, waits for its outcome, and exits with 0 if it is an approval.
//
// Settings come from the environment: ITSM_GATEWAY, ITSM_APP_CODE, ITSM_APP_SECRET, ITSM_CALLBACK_URL,
// ITSM_BINDING_KEY, and ITSM_LISTEN, which is 0.0.0.0:8080 when it is not set.

import { once } from 'node:events';
import { createServer } from 'node:http';
import { askForApproval } from './approval.js';
import { callbackListener } from './endpoint.js';
import { Itsm, ItsmError } from './itsm.js';

/** @import { Outcome } from './generated/itsm/interfaces/blueking-itsm-types.js' */

const [creator, approver, title] = process.argv.slice(2);
if (!title) {
  console.error('usage: node gate.js CREATOR APPROVER TITLE');
  process.exit(2);
}
/** @type {import('./endpoint.js').Settings} */
const settings = {
  endpoint: { tag: 'gateway', val: set('ITSM_GATEWAY') },
  authorization: { bk_app_code: set('ITSM_APP_CODE'), bk_app_secret: set('ITSM_APP_SECRET') },
  callbackUrl: set('ITSM_CALLBACK_URL'),
  bindingKey: set('ITSM_BINDING_KEY'),
};
const { hostname, port } = new URL(`http://${process.env.ITSM_LISTEN ?? '0.0.0.0:8080'}`);

const itsm = new Itsm(settings.endpoint, settings.authorization);
const operationId = await itsm.tickets.newOperationId();
console.log(`operation ${operationId}`);

// A connection that is kept open would keep the program from ending.
const server = createServer({ keepAliveTimeout: 1 });
/** @type {Promise<Outcome>} */
const outcome = new Promise((resolve) => {
  const handOver = (/** @type {string} */ of, /** @type {Outcome} */ told) => {
    if (of === operationId) resolve(told);
  };
  server.on('request', callbackListener(settings, handOver, console.log));
});
// It listens before the ticket is made: the callback can come before `create` has answered.
server.listen(Number(port || 80), hostname);
await once(server, 'listening');

process.exitCode = 1;
try {
  const ticket = await askForApproval(itsm, settings, operationId, { creator, approver, title });
  console.log(`waiting for ${ticket.sn} (${ticket.ticketUrl})`);
  const { verdict } = await outcome;
  // The callback is answered before the program ends.
  server.close();
  await once(server, 'close');
  console.log(verdict);
  process.exitCode = verdict === 'approved' ? 0 : 1;
} catch (error) {
  if (!(error instanceof ItsmError)) throw error;
  const acted = error.mayHaveActed ? `may have made the ticket: look for the tag ${operationId}` : 'made no ticket';
  server.close();
  console.error(`${error.message} (${Object.values(error.advice).join(' ')}). ITSM ${acted}.`);
}

/** @param {string} name */
function set(name) {
  const value = process.env[name];
  if (value) return value;
  console.error(`${name} is not set`);
  process.exit(2);
}
