import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callbacks } from '../itsm.js';
import { answered, VECTORS } from './vectors.js';

test('bindings are made, refused and checked as the published vectors say', () => {
  assert.deepEqual(answered(callbacks, VECTORS), VECTORS);
});
