// The address that ITSM calls back.

import { Itsm, callbacks } from './itsm.js';
import { oneLine } from './words.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Endpoint, Header, Outcome } from './generated/itsm/interfaces/blueking-itsm-types.js' */

/**
 * @typedef Settings
 * @property {Endpoint} endpoint ITSM's gateway or ESB
 * @property {Record<string, string>} authorization the app's credentials, as `Itsm` takes them
 * @property {string} callbackUrl this endpoint's address, as ITSM reaches it
 * @property {string} bindingKey the key that ties callbacks to operations: `itsm-key.ID.HEX`
 */

/** ITSM waits without a timeout, and a withdrawal waits for its callback, 30 seconds by default. */
const CONFIRM_WITHIN_MS = 10_000;
/** More than the component reads, so that the refusal is its own. */
const MOST_BYTES = 128 * 1024;
/** A body comes soon or not at all: whoever withdraws a ticket waits for the answer. */
const BODY_WITHIN_MS = 5_000;
/** What is no outcome, in words for the host's log. */
const UNCONFIRMED = {
  open: 'it has not ended',
  undecided: 'it has ended, and not yet how',
  undecidable: 'it has ended, and a person has to look how',
  foreign: 'it is not the ticket of this operation',
  missing: 'there is no such ticket',
  ambiguous: 'there are several such tickets',
  untraceable: 'nothing: it finds no tickets by tag. Ask `confirmOwn`, with the number of your own record',
  other: 'something else',
};

/**
 * A listener for the requests of a `node:http` server.
 *
 * It needs no record of the operations: the key gives the secret tag of each operation's ticket, and ITSM is asked by
 * the tag.
 *
 * The same outcome can come twice, as ITSM or a network can repeat a callback: `handOver` keeps count by
 * the operation. When it throws, ITSM is told that the callback was not taken.
 *
 * @param {Settings} settings
 * @param {(operationId: string, outcome: Outcome) => void | Promise<void>} handOver
 * @param {(words: string) => void} tell what happens, as it happens
 */
export function callbackListener(settings, handOver, tell) {
  const itsm = new Itsm(settings.endpoint, settings.authorization);
  const { pathname } = new URL(settings.callbackUrl);
  // A callback's words are anybody's.
  const say = (/** @type {string} */ words) => tell(oneLine(words));

  /** @param {IncomingMessage} request */
  async function receive(request) {
    // Before anything is read.
    if (request.url?.split('?')[0] !== pathname) {
      return { ...refuse('callbacks are received at the path of the callback address'), status: 404 };
    }
    const body = await read(request);
    const now = BigInt(Math.floor(Date.now() / 1000));
    const reception = callbacks.receive([settings.bindingKey], received(request), settings.callbackUrl, now, body);
    if (reception.tag === 'refused') {
      say(`  refused   ${reception.val.why}`);
      return reception.val.reply;
    }
    if (reception.tag === 'self-check') return reception.val;
    const { bound, callback } = reception.val;
    const { operationId } = bound.claims;
    say(`  binding   holds, for operation ${operationId}`);
    say(`  claim     ${callback.sn} is ${callback.status}`);

    const connection = { ...itsm.connection, deadlineMs: CONFIRM_WITHIN_MS };
    const told = await itsm.tickets.confirm(connection, callback.sn, bound.tag);
    if (told.tag !== 'ended') {
      say(`  ITSM says ${UNCONFIRMED[told.tag]}${told.tag === 'undecidable' ? `: ${told.val.why}` : ''}`);
      return refuse('not confirmed');
    }
    say(`  ITSM says ${told.val.ticket.sn} has ended: ${told.val.verdict}`);
    await handOver(operationId, told.val);
    say('  answer    accepted');
    return callbacks.accepted();
  }

  /** @param {string} why */
  function refuse(why) {
    say(`  answer    refused: ${why}`);
    return callbacks.refused(why);
  }

  return async (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) => {
    const reply = await receive(request).catch((error) => {
      say(`  failed    ${error.message}`);
      return refuse('not now');
    });
    // Who has not finished sending is not listened to any more.
    const end = request.complete ? [] : ['connection', 'close'];
    response.writeHead(reply.status, [...reply.headers.flat(), ...end]).end(reply.body);
  };
}

/**
 * All headers, also those that came twice.
 * @param {IncomingMessage} request
 * @returns {Header[]}
 */
function received({ headersDistinct }) {
  return Object.entries(headersDistinct).flatMap(([name, values = []]) =>
    values.map((value) => /** @type {Header} */ ([name, value])));
}

/**
 * The body, or as much of it as shows that it is too large.
 * @param {IncomingMessage} request
 * @returns {Promise<Buffer>}
 */
async function read(request) {
  /** @type {Buffer[]} */
  const chunks = [];
  let length = 0;
  /** @type {NodeJS.Timeout | undefined} */
  let late;
  return new Promise((resolve, reject) => {
    late = setTimeout(() => reject(new Error('the body came too slowly')), BODY_WITHIN_MS);
    // Read to its end all the same: who has not finished sending would not see the answer.
    request.on('data', (chunk) => {
      if (length < MOST_BYTES) chunks.push(chunk);
      length += chunk.length;
    });
    request.on('end', () => resolve(Buffer.concat(chunks)));
    request.on('close', () => reject(new Error('the body broke off')));
  }).finally(() => clearTimeout(late));
}
