// BlueKing ITSM: the core module of itsm.wasm on the engine's own WebAssembly.

import { signature } from './abi.js';
import { Call, JSPI } from './call.js';
import { errorOf, hostError, ItsmError } from './errors.js';
import { Diverged } from './exchange.js';
import { sender } from './http.js';
import { ITSM, ITSM_CALLBACKS, Pool } from './instances.js';
import { shower } from './redact.js';
import { interfaces } from './table.js';

/** @import { Row, Signature } from './abi.js' */
/** @import { Instance } from './instances.js' */
/** @import { CallOptions, Connection, Endpoint, ItsmOptions } from './index.js' */

export { ItsmError };

/** Instances that import nothing, and so can send nothing: keys of bindings enter only these. */
const offline = new Pool(ITSM_CALLBACKS);
const REPORT = 'it is a defect of the component: report it';

/** The interfaces that ask nobody: plain functions. */
export const callbacks = /** @type {import('./index.js').Callbacks} */ (
  functions('callbacks', (row) => plain(offline, row))
);
export const tracking = /** @type {import('./index.js').Tracking} */ (
  functions('tracking', (row) => plain(offline, row))
);

/**
 * The interfaces that speak with ITSM. Calls run beside each other, and none waits for another.
 */
export class Itsm {
  /** The first argument of most functions. @type {Connection} */
  connection;

  #send;
  #shown;
  #authorized;
  #pool = new Pool(ITSM);
  /** @type {Map<Call, Promise<unknown>>} */
  #calls = new Map();
  #isClosed = false;

  /**
   * @param {Endpoint} endpoint
   * @param {Record<string, string>} authorization
   * @param {ItsmOptions} [options]
   */
  constructor(endpoint, authorization, options = {}) {
    const { origin, header, allow = [], headers = [], dispatcher } = checked(endpoint, authorization, options);
    this.#send = sender({ origin, credentials: header, allow, dispatcher });
    this.#shown = shower(authorization, header);
    this.#authorized = authorizer(origin, authorization);
    this.connection = { endpoint, authorization: { tag: 'added-by-host' }, headers: [...headers] };
    const asks = (/** @type {Row} */ row) => (row.asks ? this.#asking(row) : plain(this.#pool, row));
    this.tickets = functions('tickets', asks);
    this.operations = functions('operations', asks);
    this.handling = functions('handling', asks);
    this.services = functions('services', asks);
    this.administration = functions('administration', asks);
    this.diagnosis = functions('diagnosis', asks);
  }

  /** Cancels the calls that are under way, and refuses all later ones. */
  async close() {
    this.#isClosed = true;
    for (const call of this.#calls.keys()) call.cancel();
    await Promise.allSettled(this.#calls.values());
    this.#pool.clear();
  }

  /** @param {Row} row */
  #asking(row) {
    const count = row.params.length;
    return async (/** @type {any[]} */ ...values) => {
      const how = signature(row);
      const { signal } = callOptions(values, count);
      how.check(values);
      if (this.#isClosed) throw hostError('this Itsm was closed before the call', false, 'make another Itsm');
      if (signal?.aborted)
        throw hostError('the call was cancelled before it began', false, 'call again', signal.reason);
      // The call can be made again, and is then made with what was given at first.
      const given = JSPI ? values.slice(0, count) : structuredClone(values.slice(0, count));
      if (row.params[0]?.[1] === 'types.connection') given[0] = this.#authorized(given[0]);
      const call = new Call(this.#send);
      const cancel = () => call.cancel();
      signal?.addEventListener('abort', cancel);
      const running = this.#run(call, how, given);
      this.#calls.set(call, running);
      try {
        return await running;
      } catch (error) {
        throw this.#why(error, row, call, signal);
      } finally {
        call.end();
        this.#calls.delete(call);
        signal?.removeEventListener('abort', cancel);
      }
    };
  }

  /**
   * @param {Call} call
   * @param {Signature} how
   * @param {any[]} given
   */
  async #run(call, how, given) {
    for (;;) {
      const instance = this.#pool.take(call);
      try {
        const value = await instance.run(how.name, how.lower(instance, given));
        if (!call.waitsFor) {
          call.settle();
          return this.#shown(ended(this.#pool, instance, how, value), false);
        }
        returned(this.#pool, instance, how, value);
      } catch (error) {
        if (!call.waitsFor) throw error;
      }
      const { waitsFor } = call;
      call.again();
      await call.until(waitsFor);
    }
  }

  /**
   * What a call is rejected with.
   * @param {any} error
   * @param {Row} row
   * @param {Call} call
   * @param {AbortSignal | undefined} signal
   */
  #why(error, row, call, signal) {
    if (
      error instanceof RangeError &&
      !(error instanceof WebAssembly.RuntimeError) &&
      error.message.includes('exactly')
    )
      return error;
    if (!(error instanceof Failed)) {
      // A call that went astray can have done what it was meant to do.
      const isAstray = error instanceof Diverged;
      return hostError(
        isAstray ? error.message : `the component broke off: ${error?.message}`,
        isAstray || call.hasSent,
        REPORT,
        error,
      );
    }
    const payload = this.#shown(error.payload, true);
    const cause = signal?.aborted ? signal.reason : this.#isClosed ? new Error('the Itsm was closed') : undefined;
    const isCancelled = cause !== undefined && payload.origin === 'transport';
    return errorOf(
      row.result.result[1],
      isCancelled ? { ...payload, message: 'the call was cancelled before its answer came' } : payload,
      'answer',
      cause,
    );
  }
}

/** What a function of the WIT fails with. */
class Failed {
  /** @param {any} payload */
  constructor(payload) {
    this.payload = payload;
  }
}

/**
 * The functions of an interface.
 * @param {keyof typeof interfaces} of
 * @param {(row: Row) => Function} make
 * @returns {any}
 */
function functions(of, make) {
  return Object.fromEntries(
    Object.entries(interfaces[of]).map(([name, row]) => [
      name,
      Object.defineProperty(make(row), 'name', { value: name }),
    ]),
  );
}

/**
 * A function that sends nothing.
 * @param {Pool} pool
 * @param {Row} row
 */
function plain(pool, row) {
  return (/** @type {any[]} */ ...values) => {
    const how = signature(row);
    if (values.length > row.params.length)
      throw new TypeError(`${row.params.length} arguments are expected, not ${values.length}`);
    how.check(values);
    const instance = pool.take(new Call());
    try {
      return ended(pool, instance, how, instance.export(how.name)(...how.lower(instance, values)));
    } catch (error) {
      if (error instanceof Failed) throw errorOf(row.result.result[1], error.payload, 'argument');
      if (error instanceof WebAssembly.RuntimeError) throw hostError('the component broke off', false, REPORT, error);
      throw error;
    }
  };
}

/**
 * The value of a function that has returned.
 * @param {Pool} pool
 * @param {Instance} instance
 * @param {Signature} how
 * @param {any} result
 */
function ended(pool, instance, how, result) {
  let value;
  try {
    value = how.lift(instance, result);
  } finally {
    returned(pool, instance, how, result);
  }
  if (!how.canFail) return value;
  if (value.tag === 'err') throw new Failed(value.val);
  return value.val;
}

/**
 * Gives back an instance and what its function has returned.
 * @param {Pool} pool
 * @param {Instance} instance
 * @param {Signature} how
 * @param {any} result
 */
function returned(pool, instance, how, result) {
  instance.export(how.post)?.(result);
  pool.give(instance);
}

/**
 * The options behind the arguments of a call.
 * @param {any[]} values
 * @param {number} count
 * @returns {CallOptions}
 */
function callOptions(values, count) {
  const [options = {}, ...more] = values.slice(count);
  if (more.length) throw new TypeError(`${count} arguments and options are expected, not ${values.length}`);
  known('options', options, ['signal']);
  const { signal } = options;
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw new TypeError('options.signal: an AbortSignal is expected');
  return options;
}

/**
 * The connections of the server of an origin, as the component needs them: the oldest ESB reads credentials from bodies
 * alone, which the component writes.
 * @param {string} origin
 * @param {Readonly<Record<string, string>>} authorization
 * @returns {(connection: Connection) => Connection}
 */
function authorizer(origin, { bk_app_code: appCode = '', bk_app_secret: appSecret = '', ...more }) {
  const [[key, value] = []] = Object.entries(more);
  const user =
    key === undefined ? undefined : /** @type {const} */ ({ tag: 'other', val: { key, value: value ?? '' } });
  return (connection) => {
    const { endpoint, authorization } = connection;
    const isOfHost = endpoint.tag === 'esb-legacy' && authorization.tag === 'added-by-host';
    if (!isOfHost || !URL.canParse(endpoint.val) || new URL(endpoint.val).origin !== origin) return connection;
    return { ...connection, authorization: { tag: 'app', val: { appCode, appSecret, user } } };
  };
}

/** What is checked of a site as arguments are. */
const SITE = {
  asks: false,
  export: '',
  params: [
    ['endpoint', 'types.endpoint'],
    ['options.headers', { option: { list: 'types.header' } }],
  ],
  result: null,
};

/**
 * @param {Endpoint} endpoint
 * @param {Record<string, string>} authorization
 * @param {ItsmOptions} options
 */
function checked(endpoint, authorization, options) {
  known('options', options, ['allow', 'headers', 'dispatcher']);
  signature(SITE).check([endpoint, options.headers]);
  for (const url of [endpoint.val, ...(options.allow ?? [])]) {
    if (!/^https?:/.test(url) || !URL.canParse(url))
      throw new TypeError('endpoint, options.allow: addresses of http or https are expected');
  }
  const { dispatcher } = /** @type {{ dispatcher?: any }} */ (options);
  // That of `settings` is a function, which makes one when the first request goes.
  if (dispatcher && typeof dispatcher !== 'function' && typeof dispatcher.dispatch !== 'function')
    throw new TypeError('options.dispatcher: a dispatcher of undici is expected');
  const wrong = Object.entries(Object(authorization)).find(([, value]) => typeof value !== 'string');
  if (typeof authorization !== 'object' || wrong)
    throw new TypeError(`authorization${wrong ? `.${wrong[0]}` : ''}: a text is expected`);
  const header = JSON.stringify(authorization);
  if (/[^\x20-\x7e\x80-\xff]/.test(header)) throw new TypeError('authorization: no header can hold such characters');
  return { ...options, origin: new URL(endpoint.val).origin, header };
}

/** @param {string} path @param {any} value @param {string[]} names */
function known(path, value, names) {
  if (typeof value !== 'object' || value === null) throw new TypeError(`${path}: an object is expected`);
  const unknown = Object.keys(value).find((name) => !names.includes(name));
  if (unknown) throw new TypeError(`${path}.${unknown}: there is no such option; there is ${names.join(', ')}`);
}
