// The thread in which the component runs: a call of it blocks, as requests do in it.

import { parentPort, workerData } from 'node:worker_threads';
import * as component from './generated/itsm/itsm.js';
import { oneLine, redactor } from './redact.js';

/** The members of the credentials that are no secrets. */
const PUBLIC = ['bk_app_code', 'bk_username'];
/** @type {import('./itsm.js').Egress} */
const { authorization } = workerData;
const members = Object.entries(JSON.parse(authorization)).filter(([name]) => !PUBLIC.includes(name));
// A server can repeat what was added to a request, and the component, which never had it, can't redact it.
const redact = redactor([
  authorization,
  ...members.map(([, secret]) => secret).sort((one, other) => other.length - one.length),
]);

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
    return { value: shown(interfaces[of][name](...values), false) };
  } catch (thrown) {
    // An error of the WIT is a payload. Anything else leaves the instance in doubt.
    return Object.hasOwn(Object(thrown), 'payload')
      ? { payload: shown(/** @type {any} */ (thrown).payload, true) }
      : { broken: thrown };
  }
}

/**
 * A value of the component, with its texts for people as they may be shown: all texts of a failure, and elsewhere `words`,
 * `why` and the text of a case.
 * @param {any} value
 * @param {boolean} all whether all of its texts are
 * @returns {any}
 */
function shown(value, all) {
  if (typeof value === 'string') return all ? oneLine(redact(value)) : value;
  if (Array.isArray(value)) return value.map((item) => shown(item, all));
  if (Object.prototype.toString.call(value) !== '[object Object]') return value;
  if (value.failure && 'words' in value) return finding(value);
  const failure = all || 'mayHaveActed' in value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      shown(item, failure || (typeof item === 'string' && ['words', 'why', 'val'].includes(name))),
    ]),
  );
}

/**
 * A finding whose words repeat texts of its failure. A text that comes cut, within a secret, is known by its end: so each is
 * redacted by itself first.
 * @param {any} value
 */
function finding({ action, failure, words }) {
  const texts = [failure.message, failure.requestId, failure.advice.val].filter(
    (text) => text && typeof text === 'string',
  );
  const redacted = texts.reduce((rest, text) => rest.replaceAll(text, () => shown(text, true)), words);
  return { action, failure: shown(failure, true), words: shown(redacted, true) };
}
