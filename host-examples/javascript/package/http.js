// The way out: undici, with the application's own dispatcher for proxies, private CAs, pools and tracing.

/** @import { Body, Exchange, Request, Send } from './exchange.js' */

const CREDENTIALS = 'x-bkapi-authorization';
/** Where every undici, also the one inside of Node, keeps the global dispatcher. */
const GLOBAL = Symbol.for('undici.globalDispatcher.1');

/** All waiting is the component's. A redirect would get the credentials, also where the dispatcher follows it. */
const OPTIONS = { headersTimeout: 0, bodyTimeout: 0, maxRedirections: 0 };

/** It takes longer to load than all else, so it is loaded when it is needed. */
export const undici = () => import(/* webpackMode: "eager" */ 'undici');

/**
 * @param {object} settings
 * @param {string} settings.origin the server of ITSM, whose requests get the credentials
 * @param {string} settings.credentials the header's value
 * @param {readonly string[]} settings.allow further origins, whose requests get no credentials
 * @param {any} settings.dispatcher of any version of undici, or a function that makes one
 * @returns {Send}
 */
export function sender({ origin, credentials, allow, dispatcher }) {
  const allowed = [origin, ...allow.map((url) => new URL(url).origin)];
  const way = async () =>
    (typeof dispatcher === 'function' ? dispatcher() : dispatcher) ??
    /** @type {any} */ (globalThis)[GLOBAL] ??
    (await undici()).getGlobalDispatcher();
  return async (request, body, exchange) => {
    if (!allowed.includes(request.origin)) return exchange.breaks({ code: 'HTTP-request-denied' });
    const headers = request.headers.flat();
    const hasOwn = request.headers.some(([name]) => name.toLowerCase() === CREDENTIALS);
    if (request.origin === origin && !hasOwn) headers.push(CREDENTIALS, credentials);
    try {
      const by = await way();
      // Bun has an undici of its own, which dispatches nothing.
      if (typeof by.dispatch !== 'function') await byFetch(request, headers, body, exchange);
      else by.dispatch({ ...OPTIONS, ...request, headers, body }, new Handler(exchange));
    } catch (error) {
      exchange.breaks({ code: code(error), cause: error });
    }
  };
}

/** What undici tells of a request. Version 6 calls other methods than 7 and 8 do. */
class Handler {
  #exchange;
  #resume = () => {};

  /** @param {Exchange} exchange */
  constructor(exchange) {
    this.#exchange = exchange;
  }

  /** @param {any} controller */
  onRequestStart(controller) {
    const abort = () => controller.abort(new Error('nobody waits for it any more'));
    this.#exchange.opens({ abort, resume: () => controller.resume() });
  }

  /** @param {any} _ @param {number} status @param {Record<string, string | string[]>} headers */
  onResponseStart(_, status, headers) {
    /** @type {[string, string][]} */
    const all = [];
    for (const [name, values] of Object.entries(headers)) for (const value of [values].flat()) all.push([name, value]);
    this.#begins(status, all);
  }

  /** @param {any} controller @param {Uint8Array} bytes */
  onResponseData(controller, bytes) {
    if (!this.#exchange.receives(bytes)) controller.pause();
  }

  onResponseEnd() {
    this.#exchange.ends();
  }

  /** @param {any} _ @param {unknown} error */
  onResponseError(_, error) {
    this.#exchange.breaks({ code: code(error), cause: error });
  }

  /** @param {(reason: Error) => void} abort */
  onConnect(abort) {
    this.onRequestStart({ abort, resume: () => this.#resume() });
  }

  /** @param {number} status @param {Buffer[]} raw names and values in turn @param {() => void} resume */
  onHeaders(status, raw, resume) {
    this.#resume = resume;
    this.#begins(status, pairs(raw.map(String)));
  }

  /** @param {Uint8Array} bytes */
  onData(bytes) {
    return this.#exchange.receives(bytes);
  }

  onComplete() {
    this.#exchange.ends();
  }

  /** @param {unknown} error */
  onError(error) {
    this.onResponseError(undefined, error);
  }

  /** @param {number} status @param {[string, string][]} headers */
  #begins(status, headers) {
    if (status >= 200) this.#exchange.begins({ status, headers });
  }
}

/**
 * By the engine's own `fetch`, which does not tell when there is a connection: a write that fails may have acted.
 * @param {Request} request
 * @param {string[]} headers names and values in turn
 * @param {Body} body
 * @param {Exchange} exchange
 */
async function byFetch({ method, origin, path }, headers, body, exchange) {
  const aborting = new AbortController();
  let resume = () => {};
  exchange.opens({ abort: () => aborting.abort(), resume: () => resume() });
  const whole = [];
  if (body instanceof Uint8Array) whole.push(body);
  else if (body) for await (const chunk of body) whole.push(chunk);
  const answer = await fetch(origin + path, {
    ...{ method, headers: pairs(headers) },
    ...{ body: whole.length ? Buffer.concat(whole) : undefined, redirect: 'manual', signal: aborting.signal },
  });
  exchange.begins({ status: answer.status, headers: [...answer.headers] });
  for await (const chunk of /** @type {any} */ (answer.body ?? [])) {
    if (exchange.receives(chunk)) continue;
    await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
      resume = resolve;
    });
  }
  exchange.ends();
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
