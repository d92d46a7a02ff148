// Why a call has no result.

import { words } from './table.js';

/** @import { Advice, Failure, Origin } from './index.js' */

/**
 * Why a call has no result, and what to do about it. It never holds a secret.
 */
export class ItsmError extends Error {
  /**
   * @param {Failure} failure
   * @param {object} [more]
   * @param {unknown} [more.payload] the error that the WIT names
   * @param {unknown} [more.cause]
   */
  constructor({ message, advice, mayHaveActed, origin, code, requestId }, { payload, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.advice = advice;
    this.mayHaveActed = mayHaveActed;
    this.origin = origin;
    this.code = code;
    this.requestId = requestId;
    this.payload = payload;
  }

  /** What a log keeps of it. */
  toJSON() {
    const { name, message, advice, mayHaveActed, origin, code, requestId } = this;
    return { name, message, advice, mayHaveActed, origin, code, requestId };
  }
}
Object.defineProperty(ItsmError.prototype, 'name', { value: 'ItsmError', configurable: true, writable: true });

/**
 * The error for what a function of the WIT fails with: a failure, a case that holds one, a case, or a text.
 * @param {any} type as table.js writes it
 * @param {any} payload
 * @param {Origin} origin of an error that does not say it
 * @param {unknown} [cause]
 */
export function errorOf(type, payload, origin, cause) {
  const failure = isFailure(payload) ? payload : isFailure(payload?.val) ? payload.val : undefined;
  if (failure) return new ItsmError(failure, { payload, cause });
  const { tag, val } = Object(payload);
  const about = typeof payload === 'string' ? payload : (val?.reason ?? val?.name ?? val);
  const said = /** @type {Record<string, Record<string, string>>} */ (words)[type]?.[tag];
  const message =
    tag === undefined ? about : typeof about === 'object' || about === undefined ? tag : `${tag}: ${about}`;
  const advice = /** @type {Advice} */ ({ tag: 'other', val: said ?? about });
  return new ItsmError({ message, advice, mayHaveActed: false, origin }, { payload, cause });
}

/**
 * The error for what the component could say nothing about.
 * @param {string} message
 * @param {boolean} mayHaveActed
 * @param {string} otherwise what to do if nothing can have happened
 * @param {unknown} [cause]
 */
export function hostError(message, mayHaveActed, otherwise, cause) {
  const advice = /** @type {Advice} */ (mayHaveActed ? { tag: 'look-up' } : { tag: 'other', val: otherwise });
  return new ItsmError({ message, advice, mayHaveActed, origin: 'transport' }, { cause });
}

/** @param {any} value */
function isFailure(value) {
  return typeof value === 'object' && value !== null && 'mayHaveActed' in value;
}
