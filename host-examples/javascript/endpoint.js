// The address that ITSM calls back.

import { callbacks, Itsm } from './itsm.js';
import { oneLine } from './package/redact.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Endpoint, Header, Outcome } from './itsm.js' */

/**
 * @typedef Settings
 * @property {Endpoint} endpoint ITSM's gateway or ESB
 * @property {Record<string, string>} authorization the app's credentials, as `Itsm` takes them
 * @property {string} callbackUrl this endpoint's address, as ITSM reaches it
 * @property {string[]} bindingKeys the keys that tie callbacks to operations, each `itsm-key.ID.HEX`: the first is for new
 *   operations, and all may still be in use
 */

/** ITSM waits without a timeout, and a withdrawal waits for its callback, 30 seconds by default. */
const CONFIRM_WITHIN_MS = 10_000;
/** More than the component reads, so that the refusal is its own. */
const MOST_BYTES = 128 * 1024;
/** A body comes soon or not at all: whoever withdraws a ticket waits for the answer. */
const BODY_WITHIN_MS = 5_000;
/** What is no outcome, in a sentence for the host's log. */
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
 * @param {(line: string) => void} write takes a line for people about each thing that happens
 */
export function callbackListener(settings, handOver, write) {
  const itsm = new Itsm(settings.endpoint, settings.authorization);
  const { pathname } = new URL(settings.callbackUrl);
  // A callback's texts are anybody's.
  const log = (/** @type {string} */ line) => write(oneLine(line));

  /** @param {IncomingMessage} request */
  async function receive(request) {
    // Before anything is read.
    if (request.url?.split('?')[0] !== pathname) {
      return { ...refuse('callbacks are received at the path of the callback address'), status: 404 };
    }
    const body = await read(request);
    const now = Math.floor(Date.now() / 1000);
    const reception = callbacks.receive(settings.bindingKeys, received(request), settings.callbackUrl, now, body);
    if (reception.tag === 'refused') {
      log(`  refused   ${reception.val.why}`);
      return reception.val.reply;
    }
    if (reception.tag === 'self-check') return reception.val;
    const { bound, callback } = reception.val;
    const { operationId } = bound.claims;
    log(`  binding   holds, for operation ${operationId}`);
    log(`  claim     ${callback.sn} is ${callback.status}`);

    const connection = { ...itsm.connection, deadlineMs: CONFIRM_WITHIN_MS };
    const confirmation = await itsm.tickets.confirm(connection, callback.sn, bound.tag);
    if (confirmation.tag !== 'ended') {
      log(
        `  ITSM says ${UNCONFIRMED[confirmation.tag]}${confirmation.tag === 'undecidable' ? `: ${confirmation.val.why}` : ''}`,
      );
      return refuse('not confirmed');
    }
    log(`  ITSM says ${confirmation.val.ticket.sn} has ended: ${confirmation.val.verdict}`);
    await handOver(operationId, confirmation.val);
    log('  answer    accepted');
    return callbacks.accepted();
  }

  /** @param {string} why */
  function refuse(why) {
    log(`  answer    refused: ${why}`);
    return callbacks.refused(why);
  }

  return async (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) => {
    const reply = await receive(request).catch((error) => {
      log(`  failed    ${error.message}`);
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
    values.map((value) => /** @type {Header} */ ([name, value])),
  );
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
