// Instances of the core module: one takes one call at a time, and is kept for the next.

import { JSPI } from './call.js';
import { read } from './core.js';
import { wasi } from './wasi.js';

/** @import { Call } from './call.js' */

/** Idle ones that are kept. Each has a megabyte or two. */
const MOST_IDLE = 64;
/** An instance is thrown away after so many calls, and when its memory, which never shrinks, is so large. */
const MOST_CALLS = 1000;
const MOST_BYTES = 16 * 1024 * 1024;

/** A core module, which is loaded when it is first needed. */
class Core {
  /** @type {WebAssembly.Module | undefined} */
  #module;
  /** What it exports, by names without a version. @type {Map<string, string>} */
  #names = new Map();

  /** @param {string} name of the component that it is of */
  constructor(name) {
    this.name = name;
  }

  get module() {
    if (!this.#module) {
      this.#module = new WebAssembly.Module(read(this.name));
      for (const { name } of WebAssembly.Module.exports(this.#module)) this.#names.set(bare(name), name);
    }
    return this.#module;
  }

  /** The own name of an export. Its interface can be of another version than table.js. @param {string} name */
  own(name) {
    return this.#names.get(bare(name)) ?? name;
  }
}

/** All that hosts need. */
export const ITSM = new Core('itsm');
/** Functions that ask nobody. It imports nothing. */
export const ITSM_CALLBACKS = new Core('itsm-callbacks');

/** A name without the version in it. @param {string} name */
function bare(name) {
  return name.replace(/@[^#]*/, '');
}

export class Instance {
  /** Of the call that it is used for. @type {Call} */
  call = /** @type {any} */ (undefined);
  calls = 0;

  /** @type {Map<string, any>} */
  #found = new Map();
  /** @type {Map<string, any>} */
  #running = new Map();
  #core;
  #exports;
  /** They have no length when the memory has grown. */
  #bytes = Buffer.alloc(0);
  #view = new DataView(new ArrayBuffer());

  /** @param {Core} core */
  constructor(core) {
    this.#core = core;
    const wanted = WebAssembly.Module.imports(core.module);
    const imports = wanted.length ? wasi(this) : {};
    this.#exports = /** @type {Record<string, any>} */ (
      new WebAssembly.Instance(
        core.module,
        Object.fromEntries(wanted.map((each) => [each.module, imports[bare(each.module)]])),
      ).exports
    );
  }

  /** An exported function, or null. @param {string} name */
  export(name) {
    let found = this.#found.get(name);
    if (found === undefined) {
      found = this.#exports[this.#core.own(name)] ?? null;
      this.#found.set(name, found);
    }
    return found;
  }

  /**
   * Calls an exported function, which may have to wait.
   * @param {string} name
   * @param {(number | bigint)[]} values
   */
  run(name, values) {
    let run = this.#running.get(name);
    if (!run) {
      run = JSPI ? /** @type {any} */ (WebAssembly).promising(this.export(name)) : this.export(name);
      this.#running.set(name, run);
    }
    return run(...values);
  }

  bytes() {
    this.#look();
    return this.#bytes;
  }

  view() {
    this.#look();
    return this.#view;
  }

  /** Looks at the memory anew when it has grown. */
  #look() {
    if (this.#bytes.length > 0) return;
    const { buffer } = this.#exports.memory;
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
  }

  /** @param {number} align @param {number} size @returns {number} */
  allocate(align, size) {
    return size === 0 ? align : this.#exports.cabi_realloc(0, 0, align, size) >>> 0;
  }

  get isWorn() {
    return this.calls >= MOST_CALLS || this.bytes().length > MOST_BYTES;
  }
}

export class Pool {
  #core;
  /** @type {Instance[]} */
  #idle = [];

  /** @param {Core} core */
  constructor(core) {
    this.#core = core;
  }

  /** @param {Call} call */
  take(call) {
    const instance = this.#idle.pop() ?? new Instance(this.#core);
    instance.call = call;
    instance.calls += 1;
    return instance;
  }

  /** Only of an instance whose call has come to its end. @param {Instance} instance */
  give(instance) {
    if (this.#idle.length < MOST_IDLE && !instance.isWorn) this.#idle.push(instance);
  }

  clear() {
    this.#idle = [];
  }
}
