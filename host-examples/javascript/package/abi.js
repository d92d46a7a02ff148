// Values of JavaScript as the core module takes and gives them: the canonical ABI of WebAssembly components, driven
// by the types of table.js. A codec is made for each type once:
//
// - `size`, `align` and `flat` are its layout in memory, and as arguments of a core function,
// - `check` throws a TypeError that names the place of a value which is not of the type,
// - `store` and `load` are for memory, `lower` is for arguments, and `lift` for a result of one core value.

import { types } from './table.js';

/**
 * @typedef {object} Memory the memory of an instance, and its allocator
 * @property {() => Buffer} bytes
 * @property {() => DataView} view
 * @property {(align: number, size: number) => number} allocate
 */
/**
 * @typedef {object} Codec
 * @property {number} size
 * @property {number} align
 * @property {('i32' | 'i64')[]} flat
 * @property {(value: any, path: string) => void} check
 * @property {(memory: Memory, at: number, value: any) => void} store
 * @property {(memory: Memory, at: number, name: string) => any} load
 * @property {(memory: Memory, value: any, out: (number | bigint)[]) => void} lower
 * @property {(value: number) => any} [lift]
 */
/** @typedef {{ asks: boolean, export: string, params: any[], result: any }} Row a function of table.js */
/** @typedef {ReturnType<typeof made>} Signature */

/** More arguments than these are passed in memory, and more results than one. */
const MOST_FLAT = 16;

/** @type {WeakMap<Row, Signature>} */
const signatures = new WeakMap();

/**
 * How a function is called. It is made when the function is called first: most programs call few.
 * @param {Row} row
 */
export function signature(row) {
  let known = signatures.get(row);
  if (!known) {
    known = made(row);
    signatures.set(row, known);
  }
  return known;
}

/** @param {Row} row */
function made({ export: name, params, result }) {
  const names = params.map(([param]) => param);
  const whole = product(params.map(([, type], at) => [at, codec(type)]));
  const codecs = params.map(([, type]) => codec(type));
  const returned = result === null ? undefined : codec(result);
  return {
    ...{ name, post: `cabi_post_${name}`, canFail: Boolean(result?.result) },
    /** @param {any[]} values */
    check(values) {
      for (const [at, each] of codecs.entries()) each.check(values[at], names[at]);
    },
    /** @param {Memory} memory @param {any[]} values */
    lower(memory, values) {
      if (whole.flat.length > MOST_FLAT) {
        const at = memory.allocate(whole.align, whole.size);
        whole.store(memory, at, values);
        return [at];
      }
      /** @type {(number | bigint)[]} */
      const out = [];
      whole.lower(memory, values, out);
      return out;
    },
    /** @param {Memory} memory @param {any} value what the core function has returned */
    lift: (memory, value) =>
      returned?.lift && returned.flat.length === 1 ? returned.lift(value) : returned?.load(memory, value, 'the result'),
  };
}

/** @type {Map<string, Codec>} */
const codecs = new Map();

/** @param {any} type as table.js writes it @returns {Codec} */
function codec(type) {
  const key = JSON.stringify(type);
  const known = codecs.get(key) ?? codecOf(type);
  codecs.set(key, known);
  return known;
}

/** @param {any} type @returns {Codec} */
function codecOf(type) {
  if (typeof type === 'string') return primitives[type] ?? codec(/** @type {any} */ (types)[type]);
  const [[kind, of]] = Object.entries(type);
  switch (kind) {
    case 'record':
      return record(of.map((/** @type {any[]} */ [name, member]) => [name, codec(member)]));
    case 'tuple':
      return tuple(of.map((/** @type {any} */ member, /** @type {number} */ at) => [at, codec(member)]));
    case 'list':
      return of === 'u8' ? bytes : list(codec(of));
    case 'enum':
      return enumeration(of);
    case 'variant':
      return variant(of.map((/** @type {any[]} */ [name, member]) => [name, member && codec(member)]));
    case 'option':
      return option(codec(of));
    case 'result':
      return variant([
        ['ok', of[0] === null ? undefined : codec(of[0])],
        ['err', of[1] === null ? undefined : codec(of[1])],
      ]);
    default:
      throw new Error(`table.js has a type that abi.js does not know: ${kind}`);
  }
}

/** @type {Record<string, Codec>} */
const primitives = {
  bool: {
    ...{ size: 1, align: 1, flat: ['i32'] },
    check: (value, path) => typeof value === 'boolean' || wrong(path, 'true or false', value),
    store: (memory, at, value) => memory.view().setUint8(at, value ? 1 : 0),
    load: (memory, at) => memory.view().getUint8(at) !== 0,
    lower: (_, value, out) => out.push(value ? 1 : 0),
    lift: (value) => value !== 0,
  },
  u8: small(1, 'Uint8'),
  u16: small(2, 'Uint16'),
  u32: small(4, 'Uint32'),
  u64: large('BigUint64', 0n, 2n ** 64n - 1n),
  s64: large('BigInt64', -(2n ** 63n), 2n ** 63n - 1n),
  string: {
    ...{ size: 8, align: 4, flat: ['i32', 'i32'] },
    check(value, path) {
      if (typeof value !== 'string') wrong(path, 'a text', value);
      if (!value.isWellFormed()) throw new TypeError(`${path}: the text has half of a surrogate pair`);
    },
    ...slice(writtenText, (memory, at, length) => memory.bytes().toString('utf8', at, at + length)),
  },
};

/** @type {Codec} */
const bytes = {
  ...{ size: 8, align: 4, flat: ['i32', 'i32'] },
  check: (value, path) => value instanceof Uint8Array || wrong(path, 'a Uint8Array', value),
  ...slice(written, (memory, at, length) => new Uint8Array(memory.bytes().subarray(at, at + length))),
};

/**
 * What is a pointer and a length.
 * @param {(memory: Memory, value: any) => [number, number]} put
 * @param {(memory: Memory, at: number, length: number, name: string) => any} get
 */
function slice(put, get) {
  return {
    /** @param {Memory} memory @param {number} at @param {any} value */
    store(memory, at, value) {
      const [start, length] = put(memory, value);
      memory.view().setUint32(at, start, true);
      memory.view().setUint32(at + 4, length, true);
    },
    /** @param {Memory} memory @param {number} at @param {string} name */
    load: (memory, at, name) =>
      get(memory, memory.view().getUint32(at, true), memory.view().getUint32(at + 4, true), name),
    /** @param {Memory} memory @param {any} value @param {(number | bigint)[]} out */
    lower: (memory, value, out) => out.push(...put(memory, value)),
  };
}

/** @param {Memory} memory @param {Uint8Array} content @returns {[number, number]} its place and length */
export function written(memory, content) {
  const at = memory.allocate(1, content.length);
  memory.bytes().set(content, at);
  return [at, content.length];
}

/** @param {Memory} memory @param {string} text @returns {[number, number]} its place and length */
export function writtenText(memory, text) {
  const length = Buffer.byteLength(text);
  const at = memory.allocate(1, length);
  memory.bytes().write(text, at, length);
  return [at, length];
}

/** @param {number} size @param {'Uint8' | 'Uint16' | 'Uint32'} kind @returns {Codec} */
function small(size, kind) {
  return {
    ...{ size, align: size, flat: ['i32'] },
    check: whole(0n, 2n ** BigInt(8 * size) - 1n),
    store: (memory, at, value) => memory.view()[`set${kind}`](at, Number(value), true),
    load: (memory, at) => memory.view()[`get${kind}`](at, true),
    lower: (_, value, out) => out.push(Number(value)),
    lift: (value) => value,
  };
}

/** @param {'BigUint64' | 'BigInt64'} kind @param {bigint} least @param {bigint} most @returns {Codec} */
function large(kind, least, most) {
  return {
    ...{ size: 8, align: 8, flat: ['i64'] },
    check: whole(least, most),
    store: (memory, at, value) => memory.view()[`set${kind}`](at, BigInt(value), true),
    load(memory, at, name) {
      const value = memory.view()[`get${kind}`](at, true);
      if (!Number.isSafeInteger(Number(value)))
        throw new RangeError(`${name}: ${value} is larger than a number of JavaScript can hold exactly`);
      return Number(value);
    },
    lower: (_, value, out) => out.push(BigInt(value)),
  };
}

/** @param {bigint} least @param {bigint} most */
function whole(least, most) {
  return (/** @type {any} */ value, /** @type {string} */ path) => {
    const is =
      typeof value === 'bigint' ||
      Number.isSafeInteger(value) ||
      (typeof value === 'string' && /^-?\d{1,20}$/.test(value));
    if (!is || BigInt(value) < least || BigInt(value) > most)
      wrong(path, `a whole number from ${least} to ${most}`, value);
  };
}

/** @param {Codec} item @returns {Codec} */
function list(item) {
  return {
    ...{ size: 8, align: 4, flat: ['i32', 'i32'] },
    check(value, path) {
      // An array of numbers can be a typed one. A text has items too, and is no list.
      if (!Array.isArray(value) && !(ArrayBuffer.isView(value) && Symbol.iterator in value))
        wrong(path, 'a list', value);
      let at = 0;
      for (const each of /** @type {any} */ (value)) item.check(each, `${path}[${at++}]`);
    },
    ...slice(
      (memory, value) => {
        const start = memory.allocate(item.align, item.size * value.length);
        let at = start;
        for (const each of value) {
          item.store(memory, at, each);
          at += item.size;
        }
        return [start, value.length];
      },
      (memory, at, length, name) => {
        const items = [];
        for (let index = 0; index < length; index += 1) items.push(item.load(memory, at + index * item.size, name));
        return items;
      },
    ),
  };
}

/**
 * The layout of a record or a tuple, and how it is written.
 * @template {string | number} K
 * @param {[K, Codec][]} members
 */
function product(members) {
  let [size, align] = [0, 1];
  const fields = members.map(([key, member]) => {
    const offset = rounded(size, member.align);
    size = offset + member.size;
    align = Math.max(align, member.align);
    return { key, member, offset };
  });
  return {
    ...{ size: rounded(size, align), align, flat: fields.flatMap(({ member }) => member.flat), fields },
    /** @param {Memory} memory @param {number} at @param {any} value */
    store(memory, at, value) {
      for (const { key, member, offset } of fields) member.store(memory, at + offset, value[key]);
    },
    /** @param {Memory} memory @param {any} value @param {(number | bigint)[]} out */
    lower(memory, value, out) {
      for (const { key, member } of fields) member.lower(memory, value[key], out);
    },
  };
}

/** @param {[string, Codec][]} members @returns {Codec} */
function record(members) {
  const { fields, ...layout } = product(members);
  const names = new Set(members.map(([name]) => name));
  return {
    ...layout,
    check(value, path) {
      if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(path, 'an object', value);
      // A misspelt name of what may be left out would be left out in silence. An error has more than a failure.
      const unknown = value instanceof Error ? undefined : Object.keys(value).find((name) => !names.has(name));
      if (unknown !== undefined)
        throw new TypeError(`${path}.${unknown}: there is no such member; the members are ${[...names].join(', ')}`);
      for (const { key, member } of fields) member.check(value[key], `${path}.${key}`);
    },
    load(memory, at) {
      /** @type {Record<string, any>} */
      const value = {};
      for (const { key, member, offset } of fields) value[key] = member.load(memory, at + offset, key);
      return value;
    },
  };
}

/** @param {[number, Codec][]} members @returns {Codec} */
function tuple(members) {
  const { fields, ...layout } = product(members);
  return {
    ...layout,
    check(value, path) {
      if (!Array.isArray(value) || value.length !== members.length) wrong(path, `a list of ${members.length}`, value);
      for (const { key, member } of fields) member.check(value[key], `${path}[${key}]`);
    },
    load: (memory, at, name) => fields.map(({ member, offset }) => member.load(memory, at + offset, name)),
  };
}

/**
 * The layout of a value that is one of several, and how it is written.
 * @param {(Codec | undefined)[]} cases
 * @param {(value: any) => [number, any]} split the index of a value's case, and what the case holds
 * @param {(index: number, held: any) => any} join
 */
function union(cases, split, join) {
  const align = Math.max(1, ...cases.map((each) => each?.align ?? 1));
  const size = rounded(align + Math.max(0, ...cases.map((each) => each?.size ?? 0)), align);
  /** @type {('i32' | 'i64')[]} */
  const joined = [];
  for (const { flat } of cases.filter((each) => each !== undefined)) {
    for (const [at, type] of flat.entries()) joined[at] = (joined[at] ?? type) === type ? type : 'i64';
  }
  return {
    ...{ size, align, flat: /** @type {Codec['flat']} */ (['i32', ...joined]) },
    /** @param {Memory} memory @param {number} at @param {any} value */
    store(memory, at, value) {
      const [index, held] = split(value);
      memory.view().setUint8(at, index);
      cases[index]?.store(memory, at + align, held);
    },
    /** @param {Memory} memory @param {number} at @param {string} name */
    load(memory, at, name) {
      const index = memory.view().getUint8(at);
      return join(index, cases[index]?.load(memory, at + align, name));
    },
    /** @param {Memory} memory @param {any} value @param {(number | bigint)[]} out */
    lower(memory, value, out) {
      const [index, held] = split(value);
      /** @type {(number | bigint)[]} */
      const own = [];
      cases[index]?.lower(memory, held, own);
      out.push(index, ...joined.map((type, at) => (type === 'i64' ? BigInt(own[at] ?? 0) : (own[at] ?? 0))));
    },
    /** @param {number} index */
    lift: (index) => join(index, undefined),
  };
}

/** @param {string[]} names @returns {Codec} */
function enumeration(names) {
  const layout = union(
    names.map(() => undefined),
    (value) => [names.indexOf(value), undefined],
    (index) => names[index],
  );
  const check = (/** @type {any} */ value, /** @type {string} */ path) => {
    if (!names.includes(value)) wrong(path, `one of ${names.join(', ')}`, value);
  };
  return { ...layout, check };
}

/** @param {[string, Codec | undefined][]} cases @returns {Codec} */
function variant(cases) {
  const names = cases.map(([name]) => name);
  const layout = union(
    cases.map(([, held]) => held),
    ({ tag, val }) => [names.indexOf(tag), val],
    (index, val) => (cases[index][1] ? { tag: names[index], val } : { tag: names[index] }),
  );
  return {
    ...layout,
    check(value, path) {
      if (typeof value !== 'object' || value === null) wrong(path, 'an object with a tag', value);
      const index = names.indexOf(value.tag);
      if (index < 0) wrong(`${path}.tag`, `one of ${names.join(', ')}`, value.tag);
      const held = cases[index][1];
      if (held) held.check(value.val, path);
      else if (value.val !== undefined) wrong(`${path}.val`, `nothing beside ${value.tag}`, value.val);
    },
  };
}

/** @param {Codec} some @returns {Codec} */
function option(some) {
  const layout = union(
    [undefined, some],
    (value) => (value === undefined || value === null ? [0, undefined] : [1, value]),
    (_, held) => held,
  );
  const check = (/** @type {any} */ value, /** @type {string} */ path) => {
    if (value !== undefined && value !== null) some.check(value, path);
  };
  return { ...layout, check };
}

/** @param {number} at @param {number} align */
function rounded(at, align) {
  return Math.ceil(at / align) * align;
}

/**
 * A text is not shown: it can be a secret at a wrong place.
 * @param {string} path
 * @param {string} expected
 * @param {unknown} value
 * @returns {never}
 */
function wrong(path, expected, value) {
  const kinds = { string: 'a text', boolean: 'true or false', function: 'a function', symbol: 'a symbol' };
  const kind = Array.isArray(value) ? 'a list' : value === null ? 'null' : undefined;
  const known = kind ?? /** @type {Record<string, string>} */ (kinds)[typeof value];
  throw new TypeError(
    `${path}: ${expected} is expected, not ${known ?? (typeof value === 'object' ? 'an object' : String(value))}`,
  );
}
