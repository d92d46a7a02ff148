// BlueKing ITSM, as promises.
//
// A call of the component blocks its thread until ITSM has answered, and an instance takes one call at a
// time. So each call goes to a thread that is free, with an instance of its own.

import { validateHeaderValue } from 'node:http';
import { Worker } from 'node:worker_threads';

/** @import { Connection, Endpoint, Failure } from './generated/itsm/interfaces/blueking-itsm-types.js' */

/**
 * An interface of the component, whose functions return promises here.
 * @template I
 * @typedef {{ [F in keyof I]: I[F] extends (...values: infer V) => infer R ? (...values: V) => Promise<R> : never }} Promised
 */
/** @typedef {{ origin: string, authorization: string }} Egress What a thread can reach: one server, with these credentials. */
/** @typedef {{ of: string, name: string, values: unknown[] }} Call */
/** @typedef {{ value: unknown } | { payload: any } | { broken: unknown }} Answer */
/** @typedef {{ call: Call, resolve: (value: any) => void, reject: (why: unknown) => void }} Waiting */

/** The component without a network: pure functions, which return at once. */
export { callbacks, tracking } from './generated/callbacks/itsm-callbacks.js';

/** Threads at most. Each has an instance of the component, and costs some 30 MB. */
const MOST_THREADS = 4;
/** Where a failure arises that can leave a connection behind. */
const LEAVES = ['transport', 'answer'];

/**
 * The interfaces that speak with ITSM.
 *
 * `withdraw` and `terminate` return only when the callback they cause has been answered. So who receives
 * callbacks has an `Itsm` of its own: the calls it makes never wait behind those.
 */
export class Itsm {
  /** @type {Promised<typeof import('./generated/itsm/interfaces/blueking-itsm-tickets.js')>} */
  tickets = this.#interface('tickets');
  /** @type {Promised<typeof import('./generated/itsm/interfaces/blueking-itsm-operations.js')>} */
  operations = this.#interface('operations');
  /** @type {Promised<typeof import('./generated/itsm/interfaces/blueking-itsm-handling.js')>} */
  handling = this.#interface('handling');
  /** @type {Promised<typeof import('./generated/itsm/interfaces/blueking-itsm-services.js')>} */
  services = this.#interface('services');
  /** @type {Promised<typeof import('./generated/itsm/interfaces/blueking-itsm-administration.js')>} */
  administration = this.#interface('administration');
  /** @type {Promised<typeof import('./generated/itsm/interfaces/blueking-itsm-diagnosis.js')>} */
  diagnosis = this.#interface('diagnosis');

  #egress;
  /** @type {Worker[]} */
  #idle = [];
  /** @type {Map<Worker, Waiting>} */
  #busy = new Map();
  /** @type {Waiting[]} */
  #waiting = [];

  /**
   * @param {Endpoint} endpoint the gateway or the ESB: the only server that the component can reach
   * @param {Record<string, string>} authorization the members of `X-Bkapi-Authorization`: `bk_app_code`,
   *   `bk_app_secret` and, for a user, `access_token` or `bk_token`. They never enter the component.
   */
  constructor(endpoint, authorization) {
    const egress = { origin: new URL(endpoint.val).origin, authorization: JSON.stringify(authorization) };
    validateHeaderValue('X-Bkapi-Authorization', egress.authorization);
    this.#egress = egress;
    /** The first argument of most functions. @type {Connection} */
    this.connection = { endpoint, authorization: { tag: 'added-by-host' }, headers: [] };
  }

  /** Ends the threads. Calls that have no answer yet are rejected. */
  async close() {
    for (const { reject } of this.#waiting.splice(0))
      reject(new Error('the host was closed before this call was made'));
    await Promise.all([...this.#idle, ...this.#busy.keys()].map((thread) => thread.terminate()));
  }

  /**
   * @param {string} of
   * @returns {any}
   */
  #interface(of) {
    return new Proxy(
      {},
      {
        // A promise would ask for `then` to see whether this is one too.
        get: (_, name) =>
          name === 'then'
            ? undefined
            : (/** @type {unknown[]} */ ...values) =>
                new Promise((resolve, reject) => {
                  this.#waiting.push({ call: { of, name: String(name), values: values.map(plain) }, resolve, reject });
                  this.#next();
                }),
      },
    );
  }

  #next() {
    if (this.#waiting.length === 0) return;
    const thread = this.#idle.pop() ?? (this.#busy.size < MOST_THREADS ? this.#start() : undefined);
    const next = thread && this.#waiting.shift();
    if (!thread || !next) return;
    this.#busy.set(thread, next);
    thread.ref();
    thread.postMessage(next.call);
  }

  #start() {
    const thread = new Worker(new URL('worker.js', import.meta.url), { workerData: this.#egress });
    thread.on('message', (/** @type {Answer} */ answer) => {
      // Whatever such a call has left behind, as a connection whose answer never ends, ends with its thread.
      if ('broken' in answer || ('payload' in answer && LEAVES.includes(answer.payload.origin))) {
        this.#lose(thread, 'broken' in answer ? answer.broken : error(answer.payload));
        thread.terminate();
        return;
      }
      const call = this.#busy.get(thread);
      this.#busy.delete(thread);
      this.#idle.push(thread);
      thread.unref();
      if ('value' in answer) call?.resolve(answer.value);
      else call?.reject(error(answer.payload));
      this.#next();
    });
    thread.on('error', (why) => this.#lose(thread, why));
    thread.on('exit', () =>
      this.#lose(thread, new Error('the thread of this call was ended: ITSM may have done what it asked for')),
    );
    return thread;
  }

  /**
   * @param {Worker} thread
   * @param {unknown} why
   */
  #lose(thread, why) {
    this.#idle = this.#idle.filter((other) => other !== thread);
    const call = this.#busy.get(thread);
    this.#busy.delete(thread);
    call?.reject(why);
    this.#next();
  }
}

/** Above the two errors with which a call is rejected when the component answers that it has no result. */
export class CallError extends Error {
  name = 'CallError';
}

/**
 * Why a call has no result, and what to do about it. It never holds a secret. `diagnosis.describeFailure` says it in sentences
 * for a person.
 */
export class ItsmError extends CallError {
  name = 'ItsmError';

  /** @param {Failure} failure */
  constructor(failure) {
    super(failure.message);
    /** What to do next. */
    this.advice = failure.advice;
    /** False only when it is proven that ITSM did nothing. */
    this.mayHaveActed = failure.mayHaveActed;
    /** Where it arose. */
    this.origin = failure.origin;
    /** The code that the answering server gave. */
    this.code = failure.code;
    /** The gateway's or the ESB's id of the request. */
    this.requestId = failure.requestId;
  }
}

/** The error of a function that has one of its own: `checkCallbackUrl`'s and `resolveProcessors`'s. */
export class ComponentError extends CallError {
  name = 'ComponentError';

  /** @param {{ tag: string, val?: any }} payload the case that the WIT names */
  constructor(payload) {
    const { tag, val } = payload;
    const about = val?.message ?? val?.name ?? val;
    super(about === undefined ? tag : `${tag}: ${about}`);
    this.payload = payload;
  }
}

/** @param {any} payload */
function error(payload) {
  return 'advice' in payload ? new ItsmError(payload) : new ComponentError(payload);
}

/** What can be posted to a thread: there an error would lose what it holds. @param {unknown} value */
function plain(value) {
  return value instanceof ItsmError ? { ...value, message: value.message } : value;
}
