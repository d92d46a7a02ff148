// What the core module imports: wasi:http, wasi:io, wasi:clocks and wasi:random of WASI 0.2, as core functions.
//
// The numbers in here are places in memory by the rules of the canonical ABI, and positions of cases in WASI's types.

import { written, writtenText } from './abi.js';
import { JSPI } from './call.js';

/** @import { Call, Pollable } from './call.js' */
/** @import { Exchange } from './exchange.js' */
/** @import { Memory } from './abi.js' */
/** @typedef {Memory & { call: Call }} Instance */

/** Cases of `error-code`. Any other failure is an internal error without words. */
const CODES = new Map([
  ['DNS-error', 1],
  ['connection-refused', 6],
  ['connection-terminated', 7],
  ['connection-timeout', 8],
  ['TLS-certificate-error', 13],
  ['HTTP-request-denied', 15],
  ['HTTP-request-URI-invalid', 19],
  ['HTTP-response-header-section-size', 26],
  ['HTTP-protocol-error', 35],
  ['internal-error', 38],
]);
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];
const SCHEMES = ['http', 'https'];
const ROOM = 1n << 20n;
const NAME = /^[\w!#$%&'*+.^`|~-]+$/;
const VALUE = /^[^\x00-\x08\x0a-\x1f\x7f]*$/;

/**
 * The imports of an instance, by module and name. Versions are left out: 0.2 has one ABI.
 * @param {Instance} instance
 * @returns {Record<string, Record<string, (...values: any[]) => any>>}
 */
export function wasi(instance) {
  const handles = new Handles();
  const { put, get, take } = handles;
  const view = () => instance.view();
  const text = (/** @type {number} */ at, /** @type {number} */ length) =>
    instance.bytes().toString('utf8', at, at + length);
  const copy = (/** @type {number} */ at, /** @type {number} */ length) =>
    Buffer.from(instance.bytes().subarray(at, at + length));
  /** @param {number} at @param {[number, number]} slice */
  const slice = (at, [start, length]) => {
    view().setUint32(at, start, true);
    view().setUint32(at + 4, length, true);
  };
  /** A result whose payload is a handle. @param {number} at @param {any} thing */
  const ok = (at, thing) => {
    view().setUint8(at, 0);
    view().setUint32(at + 4, put(thing), true);
  };
  /** @template T @param {string} name @param {() => T} ask */
  const told = (name, ask) => instance.call.told(name, ask);

  /** @param {Pollable[]} pollables */
  const indexes = (pollables) => {
    const ready = [];
    for (const [index, pollable] of pollables.entries()) if (pollable.ready()) ready.push(index);
    return ready;
  };
  /** @param {Pollable[]} pollables @returns {number[]} */
  const readyOr = (pollables) => {
    const ready = indexes(pollables);
    if (ready.length > 0) return ready;
    instance.call.acts();
    instance.call.waitsFor = pollables;
    return readyOr(pollables);
  };
  /** @param {Pollable[]} pollables @param {(ready: number[]) => void} then */
  const wait = (pollables, then) => {
    if (!JSPI) return then(told('poll', () => readyOr(pollables)));
    const ready = indexes(pollables);
    return ready.length ? then(ready) : instance.call.until(pollables).then(() => then(indexes(pollables)));
  };
  const suspending = (/** @type {Function} */ waits) =>
    JSPI ? new /** @type {any} */ (WebAssembly).Suspending(waits) : waits;

  return {
    'wasi:http/types': {
      ...drops('fields', 'request-options', 'outgoing-request', 'outgoing-body'),
      ...drops('future-incoming-response', 'incoming-response', 'incoming-body'),
      '[constructor]fields': () => put([]),
      '[method]fields.append'(self, name, nameLength, value, valueLength, at) {
        const header = [text(name, nameLength), instance.bytes().toString('latin1', value, value + valueLength)];
        const isValid = NAME.test(header[0]) && VALUE.test(header[1]);
        if (isValid) get(self).push(header);
        view().setUint8(at, isValid ? 0 : 1);
        view().setUint8(at + 1, 0);
      },
      '[method]fields.entries'(self, at) {
        /** @type {[string, string][]} */
        const entries = get(self);
        const start = instance.allocate(4, 16 * entries.length);
        for (const [index, [name, value]] of entries.entries()) {
          slice(start + 16 * index, writtenText(instance, name));
          slice(start + 16 * index + 8, writtenText(instance, value));
        }
        view().setUint32(at, start, true);
        view().setUint32(at + 4, entries.length, true);
      },
      // Timeouts are for hosts that wait by themselves. Here all waiting is the component's, with its own deadline.
      '[constructor]request-options': () => put({}),
      '[method]request-options.set-connect-timeout': () => 0,
      '[method]request-options.set-first-byte-timeout': () => 0,
      '[method]request-options.set-between-bytes-timeout': () => 0,
      '[constructor]outgoing-request': (headers) => put({ headers: take(headers), pieces: [] }),
      '[method]outgoing-request.set-method': (self, method, at, length) =>
        set(get(self), { method: METHODS[method] ?? text(at, length) }),
      '[method]outgoing-request.set-scheme': (self, _, scheme) => set(get(self), { scheme: SCHEMES[scheme] }),
      '[method]outgoing-request.set-authority': (self, _, at, length) =>
        set(get(self), { authority: text(at, length) }),
      '[method]outgoing-request.set-path-with-query': (self, _, at, length) =>
        set(get(self), { path: text(at, length) }),
      '[method]outgoing-request.body': (self, at) => ok(at, get(self)),
      '[method]outgoing-body.write': (self, at) => ok(at, get(self)),
      '[static]outgoing-body.finish'(self, _, __, at) {
        instance.call.acts();
        take(self).exchange.finish();
        view().setUint8(at, 0);
      },
      '[method]future-incoming-response.subscribe': (self) => put(answered(get(self))),
      '[method]future-incoming-response.get'(self, at) {
        /** @type {Exchange} */
        const exchange = get(self);
        // A call that is given up reads no further answer, so that it comes to its end.
        const isAnswered = told('future-incoming-response.get', () => !instance.call.waitsFor && exchange.isAnswered);
        // Some(Ok(...)) of a result that is the third in there.
        view().setUint8(at, isAnswered ? 1 : 0);
        view().setUint8(at + 8, 0);
        if (isAnswered && exchange.head) {
          view().setUint8(at + 16, 0);
          view().setUint32(at + 24, put(exchange), true);
        } else if (isAnswered) {
          view().setUint8(at + 16, 1);
          code(at + 24, exchange.failure);
        }
      },
      '[method]incoming-response.status': (self) => get(self).head.status,
      '[method]incoming-response.headers': (self) => put(get(self).head.headers),
      '[method]incoming-response.consume': (self, at) => ok(at, get(self)),
      '[method]incoming-body.stream': (self, at) => ok(at, get(self)),
    },
    'wasi:http/outgoing-handler': {
      handle(request, _, __, at) {
        instance.call.acts();
        const outgoing = take(request);
        const { method = 'GET', scheme = 'https', authority, path = '/', headers } = outgoing;
        const url = `${scheme}://${authority}`;
        const isUrl = URL.canParse(url);
        view().setUint8(at, isUrl ? 0 : 1);
        if (!isUrl) return code(at + 8, { code: 'HTTP-request-URI-invalid' });
        outgoing.exchange = instance.call.open({ method, origin: new URL(url).origin, path, headers });
        for (const [index, piece] of outgoing.pieces.entries()) outgoing.exchange.take(index, piece);
        view().setUint32(at + 8, put(outgoing.exchange), true);
      },
    },
    'wasi:io/streams': {
      ...drops('input-stream', 'output-stream'),
      '[method]input-stream.read'(self, most, at) {
        instance.call.acts();
        /** @type {Exchange} */
        const exchange = get(self);
        const read = told('input-stream.read', () => {
          const bytes = exchange.read(Number(most));
          if (bytes) return bytes;
          return exchange.failure !== undefined ? 'failed' : exchange.ended ? 'closed' : new Uint8Array();
        });
        view().setUint8(at, typeof read === 'string' ? 1 : 0);
        if (typeof read !== 'string') return slice(at + 4, written(instance, read));
        view().setUint8(at + 4, read === 'closed' ? 1 : 0);
        if (read === 'failed') view().setUint32(at + 8, put(exchange.failure), true);
      },
      '[method]input-stream.subscribe': (self) => put(readable(get(self))),
      '[method]output-stream.check-write'(self, at) {
        // Before the request is handed over, its body is only kept.
        instance.call.acts();
        const { exchange } = get(self);
        const hasRoom = !exchange || told('output-stream.check-write', () => exchange.hasRoom());
        view().setUint8(at, 0);
        view().setBigUint64(at + 8, hasRoom ? ROOM : 0n, true);
      },
      '[method]output-stream.write'(self, start, length, at) {
        instance.call.acts();
        const { exchange, pieces } = get(self);
        pieces.push(copy(start, length));
        exchange?.take(pieces.length - 1, pieces.at(-1));
        view().setUint8(at, 0);
      },
      '[method]output-stream.flush': (_, at) => view().setUint8(at, 0),
      '[method]output-stream.subscribe': (self) => put(writable(get(self).exchange)),
    },
    'wasi:io/poll': {
      ...drops('pollable'),
      poll: suspending((/** @type {number} */ at, /** @type {number} */ length, /** @type {number} */ out) => {
        const pollables = Array.from({ length }, (_, index) => get(view().getUint32(at + 4 * index, true)));
        return wait(pollables, (ready) => {
          const start = instance.allocate(4, 4 * ready.length);
          for (const [index, each] of ready.entries()) view().setUint32(start + 4 * index, each, true);
          view().setUint32(out, start, true);
          view().setUint32(out + 4, ready.length, true);
        });
      }),
      '[method]pollable.block': suspending((/** @type {number} */ self) => wait([get(self)], () => {})),
      '[method]pollable.ready': (self) => (told('pollable.ready', () => get(self).ready()) ? 1 : 0),
    },
    'wasi:io/error': drops('error'),
    'wasi:clocks/monotonic-clock': {
      now: () => told('monotonic-clock.now', () => instance.call.now()),
      'subscribe-instant': (at) => put(instance.call.instant(BigInt.asUintN(64, at))),
    },
    'wasi:clocks/wall-clock': {
      now(at) {
        const ms = told('wall-clock.now', () => Date.now());
        view().setBigUint64(at, BigInt(Math.floor(ms / 1000)), true);
        view().setUint32(at + 8, (ms % 1000) * 1e6, true);
      },
    },
    'wasi:random/random': {
      'get-random-u64': () => told('random', () => crypto.getRandomValues(new BigUint64Array(1))[0]),
    },
  };

  /** @param {string[]} resources */
  function drops(...resources) {
    return Object.fromEntries(resources.map((name) => [`[resource-drop]${name}`, take]));
  }

  /** @param {number} at @param {any} failure */
  function code(at, failure) {
    instance.bytes().fill(0, at, at + 32);
    view().setUint8(at, CODES.get(failure.code) ?? /** @type {number} */ (CODES.get('internal-error')));
  }
}

/** What an instance holds by number: requests, answers, streams. */
class Handles {
  /** @type {any[]} */
  #things = [undefined];
  /** @type {number[]} */
  #free = [];

  put = (/** @type {any} */ thing) => {
    const handle = this.#free.pop() ?? this.#things.length;
    this.#things[handle] = thing;
    return handle;
  };

  get = (/** @type {number} */ handle) => this.#things[handle];

  take = (/** @type {number} */ handle) => {
    const thing = this.#things[handle];
    this.#things[handle] = undefined;
    this.#free.push(handle);
    return thing;
  };
}

/** @param {any} request @param {object} part */
function set(request, part) {
  Object.assign(request, part);
  return 0;
}

/** @param {Exchange} exchange @returns {Pollable} */
function answered(exchange) {
  return { ready: () => exchange.isAnswered, subscribe: (listener) => exchange.subscribe(listener) };
}

/** @param {Exchange} exchange @returns {Pollable} */
function readable(exchange) {
  return { ready: () => exchange.isReadable, subscribe: (listener) => exchange.subscribe(listener) };
}

/** @param {Exchange} exchange @returns {Pollable} */
function writable(exchange) {
  return { ready: () => exchange.connected, subscribe: (listener) => exchange.subscribe(listener) };
}
