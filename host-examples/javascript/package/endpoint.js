// The address that ITSM calls back.

import { callbacks } from './itsm.js';
import { oneLine } from './redact.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { EndpointSettings, Header, Itsm, Outcome, Reply } from './index.js' */

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
 * @param {Itsm} itsm
 * @param {EndpointSettings} settings
 * @param {(operationId: string, outcome: Outcome) => unknown} onOutcome
 */
export function endpoint(itsm, { callbackUrl, keys, log: write = () => {} }, onOutcome) {
  const { pathname } = new URL(callbackUrl);
  // A callback's texts are anybody's.
  const log = (/** @type {string} */ line) => write(oneLine(line));

  /** @param {IncomingMessage & { originalUrl?: string }} request */
  async function receive(request) {
    // Before anything is read. A router may have cut the front off the path.
    if ((request.originalUrl ?? request.url)?.split('?')[0] !== pathname) {
      return { ...refuse('callbacks are received at the path of the callback address'), status: 404 };
    }
    if (request.readableDidRead) throw new Error('the body was read before: put the endpoint before what reads bodies');
    const body = await read(request);
    const reception = callbacks.receive(keys, received(request), callbackUrl, Math.floor(Date.now() / 1000), body);
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
      const why = confirmation.tag === 'undecidable' ? `: ${confirmation.val.why}` : '';
      log(`  ITSM says ${UNCONFIRMED[confirmation.tag]}${why}`);
      return refuse('not confirmed');
    }
    log(`  ITSM says ${confirmation.val.ticket.sn} has ended: ${confirmation.val.verdict}`);
    await onOutcome(operationId, confirmation.val);
    log('  answer    accepted');
    return callbacks.accepted();
  }

  /** @param {string} why */
  function refuse(why) {
    log(`  answer    refused: ${why}`);
    return callbacks.refused(why);
  }

  return async (/** @type {IncomingMessage} */ request, /** @type {ServerResponse} */ response) => {
    /** @type {Reply} */
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
