// The address that ITSM calls back.

import { Itsm, callbacks } from './itsm.js';

/** @import { IncomingMessage, ServerResponse } from 'node:http' */
/** @import { Endpoint, Header, Outcome } from './generated/itsm/interfaces/blueking-itsm-types.js' */

/**
 * @typedef Settings
 * @property {Endpoint} endpoint ITSM's gateway or ESB
 * @property {Record<string, string>} authorization the app's credentials, as `Itsm` takes them
 * @property {string} callbackUrl this endpoint's address, as ITSM reaches it
 * @property {string} bindingKey the key that ties callbacks to operations: `itsm-key.ID.HEX`
 */

/** ITSM waits without a timeout, and a withdrawal waits for its callback: answer soon. */
const CONFIRM_WITHIN_MS = 2_000;
/** More than the component reads, so that the refusal is its own. */
const MOST_BYTES = 128 * 1024;

/**
 * A listener for the requests of a `node:http` server.
 *
 * The same outcome can come twice, as ITSM or a network can repeat a callback: `handOver` keeps count by
 * the operation. When it throws, ITSM is told that the callback was not taken.
 *
 * @param {Settings} settings
 * @param {(operationId: string, outcome: Outcome) => void | Promise<void>} handOver
 * @param {(words: string) => void} say what happens, as it happens
 */
export function callbackListener(settings, handOver, say) {
  const itsm = new Itsm(settings.endpoint, settings.authorization);

  /** @param {IncomingMessage} request */
  async function receive(request) {
    // No call leaves, and no body is read, before the binding holds.
    const now = BigInt(Math.floor(Date.now() / 1000));
    const bound = attempt(() =>
      callbacks.checkBinding([settings.bindingKey], received(request), settings.callbackUrl, now));
    if ('why' in bound) {
      say(`  binding   does not hold (${bound.why})`);
      return refuse('not for this receiver');
    }
    const { operationId } = bound.value;
    say(`  binding   holds, for operation ${operationId}`);

    const body = await read(request);
    const claim = attempt(() => callbacks.parse(body));
    if ('why' in claim) {
      say(`  claim     unreadable (${claim.why})`);
      return refuse('not readable');
    }
    const callback = claim.value;
    say(`  claim     ${callback.sn} is ${callback.status}`);
    if (callbacks.isSelfCheck(callback)) return callbacks.accepted();

    const connection = { ...itsm.connection, deadlineMs: CONFIRM_WITHIN_MS };
    const told = await itsm.tickets.confirm(connection, callback.sn, operationId);
    if (told.tag !== 'ended') {
      say(`  ITSM says ${told.tag}`);
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
    response.writeHead(reply.status, reply.headers.flat()).end(reply.body);
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
 */
async function read(request) {
  const chunks = [];
  let length = 0;
  // Read to its end all the same: who has not finished sending would not see the answer.
  for await (const chunk of request) {
    if (length < MOST_BYTES) chunks.push(chunk);
    length += chunk.length;
  }
  return Buffer.concat(chunks);
}

/**
 * What a function of the component returns, or why it has no result.
 * @template T
 * @param {() => T} call
 * @returns {{ value: T } | { why: string }}
 */
function attempt(call) {
  try {
    return { value: call() };
  } catch (/** @type {any} */ error) {
    if (error.payload === undefined) throw error;
    return { why: [error.payload.tag, error.payload.val].flat().filter((word) => typeof word === 'string').join(' ') };
  }
}
