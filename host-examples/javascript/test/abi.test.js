// What the interface of today has no value for, and the rules of the canonical ABI say.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { signature } from '../package/abi.js';

/** A memory whose allocator gives what is next. */
function memory() {
  const content = Buffer.from(new ArrayBuffer(1024));
  let next = 64;
  return {
    bytes: () => content,
    view: () => new DataView(content.buffer),
    allocate(/** @type {number} */ align, /** @type {number} */ size) {
      const at = Math.ceil(next / align) * align;
      next = at + size;
      return at;
    },
  };
}

/** @param {any} type @param {any} value */
function lowered(type, value) {
  return signature({ asks: false, export: '', params: [['value', type]], result: null }).lower(memory(), [value]);
}

test('a case that needs less than another is made as wide', () => {
  const type = {
    variant: [['small', 'u32'], ['large', 'u64'], ['text', 'string'], ['nothing']],
  };
  assert.deepEqual(lowered(type, { tag: 'small', val: 5 }), [0, 5n, 0]);
  assert.deepEqual(lowered(type, { tag: 'large', val: '18446744073709551615' }), [1, 2n ** 64n - 1n, 0]);
  assert.deepEqual(lowered(type, { tag: 'text', val: 'ab' }), [2, 64n, 2]);
  assert.deepEqual(lowered(type, { tag: 'nothing' }), [3, 0n, 0]);
});

test('sixteen values are arguments, and seventeen are one place in memory', () => {
  const numbers = (/** @type {number} */ length) => ({ tuple: Array.from({ length }, () => 'u32') });
  assert.equal(lowered(numbers(16), Array(16).fill(1)).length, 16);
  assert.deepEqual(lowered(numbers(17), Array(17).fill(1)), [64]);
});

test('members stand where their sizes allow', () => {
  const type = {
    record: [
      ['a', 'u8'],
      ['b', 'u64'],
      ['c', { option: 'u16' }],
      ['d', 's64'],
      ['e', 'bool'],
    ],
  };
  const value = { a: 1, b: 2, c: 3, d: -4, e: true };
  const place = memory();
  const many = { tuple: [type, { tuple: Array(20).fill('u8') }] };
  const { lower } = signature({ asks: false, export: '', params: [['value', many]], result: null });
  const [at] = lower(place, [[value, Array(20).fill(9)]]);
  assert.equal(at, 64);
  const view = place.view();
  assert.equal(view.getUint8(64), 1);
  assert.equal(view.getBigUint64(72, true), 2n);
  assert.deepEqual([view.getUint8(80), view.getUint16(82, true)], [1, 3]);
  assert.equal(view.getBigInt64(88, true), -4n);
  assert.deepEqual([view.getUint8(96), view.getUint8(104)], [1, 9]);
});
