// The published vectors of the binding: docs/binding.md says what their members are.

import { readFile } from 'node:fs/promises';

/** @typedef {Record<'made' | 'not_made' | 'checks', any[]>} Vectors */

/** @type {Vectors} */
export const VECTORS = JSON.parse(
  await readFile(new URL('../../../tests/vectors/binding.json', import.meta.url), 'utf8'),
);

/**
 * The vectors as the component answers them. It uses nothing from outside, so that a page can run it too.
 * @param {typeof import('../itsm.js').callbacks} callbacks
 * @param {Vectors} vectors
 * @returns {Vectors}
 */
export function answered(callbacks, { made, not_made, checks }) {
  /** @param {any} vector */
  function bind({ key, operation_id: operationId, callback_url: callbackUrl, expires_s: expiresS }) {
    // A text would do for the package; the page's functions take big integers alone.
    return callbacks.bind(key, { operationId, callbackUrl, expiresS: BigInt(expiresS) });
  }
  /** @param {any} vector */
  function check({ keys, headers, callback_url: callbackUrl, now_s: nowS }) {
    try {
      const { claims, tag } = callbacks.checkBinding(keys, headers, callbackUrl, BigInt(nowS));
      return { result: 'bound', ...members(claims), tag };
    } catch (/** @type {any} */ error) {
      if (error instanceof RangeError) return { result: error.name };
      const { tag: result, val } = error.payload;
      if (result === 'expired') return { result, ...members(val) };
      return result === 'invalid-key' ? { result, place: val } : { result };
    }
  }
  /** @param {any} claims */
  function members({ operationId, callbackUrl, expiresS }) {
    return { operation_id: operationId, callback_url: callbackUrl, expires_s: String(expiresS) };
  }
  return {
    made: made.map((vector) => {
      const {
        header: [name, header],
        tag,
      } = bind(vector);
      return { ...vector, header: name === 'X-Itsm-Binding' ? header : name, tag };
    }),
    not_made: not_made.map((vector) => {
      try {
        return { ...vector, wrong: bind(vector) };
      } catch (/** @type {any} */ { payload }) {
        return { ...vector, wrong: payload.startsWith(vector.wrong) ? vector.wrong : payload };
      }
    }),
    checks: checks.map((vector) => {
      const { name, keys, headers, callback_url, now_s } = vector;
      return { name, keys, headers, callback_url, now_s, ...check(vector) };
    }),
  };
}
