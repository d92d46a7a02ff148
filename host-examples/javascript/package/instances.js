// Instances of the core module: one takes one call at a time, and is kept for the next.

import { JSPI } from './call.js';
import { wasi } from './wasi.js';

/** @import { Call } from './call.js' */

/** Idle ones that are kept. Each has a megabyte or two. */
const MOST_IDLE = 64;
/** An instance is thrown away after so many calls, and when its memory, which never shrinks, is so large. */
const MOST_CALLS = 1000;
const MOST_BYTES = 16 * 1024 * 1024;

/** The module and, by names without versions, its functions. @type {{ module: WebAssembly.Module, names: Map<string, string> } | undefined} */
let loaded;

/** Loads the core module, once. @param {Uint8Array<ArrayBuffer>} bytes */
function load(bytes) {
  const module = new WebAssembly.Module(bytes);
  const names = new Map(WebAssembly.Module.exports(module).map(({ name }) => [bare(name), name]));
  return { module, names };
}

/** A name without the version in it. @param {string} name */
function bare(name) {
  return name.replace(/@[^#]*/, '');
}

export class Instance {
  /** Of the call that it is used for. @type {Call} */
  call = /** @type {any} */ (undefined);
  calls = 0;

  /** @type {Map<string, any>} */
  #running = new Map();
  #exports;
  #names;
  #bytes = new Uint8Array();
  #view = new DataView(new ArrayBuffer());

  /** @param {() => Uint8Array<ArrayBuffer>} core the bytes of the core module */
  constructor(core) {
    loaded ??= load(core());
    const imports = wasi(this);
    /** @type {Record<string, any>} */
    const wanted = {};
    for (const { module } of WebAssembly.Module.imports(loaded.module)) wanted[module] = imports[bare(module)];
    this.#names = loaded.names;
    this.#exports = /** @type {Record<string, any>} */ (new WebAssembly.Instance(loaded.module, wanted).exports);
  }

  /** An exported function. @param {string} name */
  export(name) {
    return this.#exports[this.#names.get(bare(name)) ?? name];
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
    const { buffer } = this.#exports.memory;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
    return this.#bytes;
  }

  view() {
    const { buffer } = this.#exports.memory;
    if (this.#view.buffer !== buffer) this.#view = new DataView(buffer);
    return this.#view;
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

  /** @param {() => Uint8Array<ArrayBuffer>} core */
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
