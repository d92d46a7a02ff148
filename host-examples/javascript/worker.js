// The thread in which the component runs: a call of it blocks, as requests do in it.

import { parentPort } from 'node:worker_threads';
import * as component from './generated/itsm/itsm.js';

/** @type {Record<string, any>} */
const interfaces = component;

parentPort?.on('message', (/** @type {import('./itsm.js').Call} */ call) => {
  parentPort?.postMessage(answer(call));
});

/**
 * @param {import('./itsm.js').Call} call
 * @returns {import('./itsm.js').Answer}
 */
function answer({ of, name, values }) {
  try {
    return { value: interfaces[of][name](...values) };
  } catch (thrown) {
    // An error of the WIT is a payload. Anything else leaves the instance in doubt.
    return Object.hasOwn(Object(thrown), 'payload')
      ? { payload: /** @type {any} */ (thrown).payload }
      : { broken: thrown };
  }
}
