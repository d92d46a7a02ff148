// The way out: undici, with the application's own dispatcher for proxies, private CAs, pools and tracing.

import { validateHeaderValue } from 'node:http';
import { Dispatcher, getGlobalDispatcher } from 'undici';

/** @import { Send } from './exchange.js' */

const CREDENTIALS = 'x-bkapi-authorization';
/** Bytes of a body that is taken in one piece. */
const SHORT = 64 * 1024;

/** All waiting is the component's. A redirect would get the credentials, also where the dispatcher follows it. */
const OPTIONS = { responseHeaders: 'raw', headersTimeout: 0, bodyTimeout: 0, maxRedirections: 0 };

/**
 * @param {object} settings
 * @param {string} settings.origin the server of ITSM, whose requests get the credentials
 * @param {string} settings.credentials the header's value
 * @param {readonly string[]} settings.allow further origins, whose requests get no credentials
 * @param {any} settings.dispatcher of any version of undici
 * @returns {Send}
 */
export function sender({ origin, credentials, allow, dispatcher }) {
  validateHeaderValue(CREDENTIALS, credentials);
  const allowed = [origin, ...allow.map((url) => new URL(url).origin)];
  return async (request, signal) => {
    if (!allowed.includes(request.origin)) throw { code: 'HTTP-request-denied' };
    const headers = request.headers.flat();
    const hasOwn = request.headers.some(([name]) => name.toLowerCase() === CREDENTIALS);
    if (request.origin === origin && !hasOwn) headers.push(CREDENTIALS, credentials);
    const by = dispatcher ?? getGlobalDispatcher();
    try {
      // Bun has an undici of its own, which dispatches nothing.
      if (typeof (by.request ?? by.dispatch) !== 'function') return await byFetch(request, headers, signal);
      // An application's dispatcher can be of another version of undici: then the request is of that version too.
      const {
        statusCode,
        headers: raw,
        body,
      } = await (by.request ?? Dispatcher.prototype.request).call(by, {
        ...OPTIONS,
        .../** @type {any} */ (request),
        headers,
        signal,
      });
      const received = pairs(/** @type {any} */ (raw));
      const length = received.find(([name]) => name.toLowerCase() === 'content-length')?.[1];
      // To read it at once is much faster than in pieces.
      const isShort = length && Number(length) <= SHORT;
      const read = isShort ? [new Uint8Array(await body.arrayBuffer())] : failing(body);
      return { status: statusCode, headers: received, body: read };
    } catch (error) {
      throw { code: code(error), cause: error };
    }
  };
}

/**
 * By the engine's own `fetch`, which does not tell when there is a connection: a write that fails may have acted.
 * @param {Parameters<Send>[0]} request
 * @param {string[]} headers names and values in turn
 * @param {Parameters<Send>[1]} signal
 * @returns {ReturnType<Send>}
 */
async function byFetch({ method, origin, path, body }, headers, signal) {
  const aborting = new AbortController();
  signal.once('abort', () => aborting.abort());
  const whole = [];
  if (body instanceof Uint8Array) whole.push(body);
  else if (body) for await (const chunk of body) whole.push(chunk);
  const answer = await fetch(origin + path, {
    ...{ method, headers: pairs(headers) },
    ...{ body: whole.length ? Buffer.concat(whole) : undefined, redirect: 'manual', signal: aborting.signal },
  });
  const received = [...answer.headers].flat();
  return { status: answer.status, headers: pairs(received), body: failing(/** @type {any} */ (answer.body ?? [])) };
}

/** @param {AsyncIterable<Uint8Array>} body */
async function* failing(body) {
  try {
    yield* body;
  } catch (error) {
    throw { code: code(error), cause: error };
  }
}

/** @param {string[]} raw names and values in turn */
function pairs(raw) {
  /** @type {[string, string][]} */
  const paired = [];
  for (let at = 0; at < raw.length; at += 2) paired.push([raw[at], raw[at + 1]]);
  return paired;
}

/**
 * What wasi:http calls a failure. It is for words alone: what was sent is known without it.
 * @param {any} error
 * @returns {string}
 */
function code(error) {
  const name = String(error?.code ?? error?.errors?.[0]?.code ?? '');
  if (/^(ENOTFOUND|EAI_)/.test(name)) return 'DNS-error';
  if (name === 'ECONNREFUSED') return 'connection-refused';
  if (/^(ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/.test(name)) return 'connection-timeout';
  if (/^(ECONNRESET|EPIPE|UND_ERR_SOCKET|UND_ERR_ABORTED)$/.test(name)) return 'connection-terminated';
  if (/CERT|SELF_SIGNED|UNABLE_TO_|ERR_TLS/.test(name)) return 'TLS-certificate-error';
  if (/^(UND_ERR_HEADERS_OVERFLOW|HPE_HEADER_OVERFLOW)$/.test(name)) return 'HTTP-response-header-section-size';
  if (/^(HPE_|UND_ERR_RES|ERR_SSL)/.test(name)) return 'HTTP-protocol-error';
  return error?.cause ? code(error.cause) : 'internal-error';
}
