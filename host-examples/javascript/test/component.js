// The component itself, as jco runs it: an implementation of the canonical ABI that is not ours.

import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transpile } from '@bytecodealliance/jco';

const built = process.env.ITSM_WASM_DIR ?? fileURLToPath(new URL('../../../target/itsm', import.meta.url));
const generated = new URL('../generated/', import.meta.url);

/**
 * Turns the component into JavaScript, and gives the folder.
 * @param {string} name of the folder
 * @param {Parameters<typeof transpile>[1]} [options]
 */
export async function transpiled(name, options = {}) {
  const { files } = await transpile(await readFile(`${built}/itsm.wasm`), { name: 'itsm', ...options });
  const folder = new URL(`${name}/`, generated);
  for (const [path, content] of Object.entries(files)) {
    const file = new URL(path, folder);
    await mkdir(dirname(fileURLToPath(file)), { recursive: true });
    await writeFile(file, content);
  }
  return folder;
}

/**
 * @typedef {object} World what the component sees, all of it in memory
 * @property {(request: { method: string, origin: string, path: string, headers: [string, string][], body: string }) => { status: number, headers: [string, string][], body: string }} respond
 * @property {() => bigint} random
 * @property {{ ns: bigint }} clock
 */

/**
 * An instance of the component in such a world.
 * @param {World} world
 * @returns {Promise<Record<string, any>>}
 */
export async function componentIn({ respond, random, clock }) {
  const folder = await transpiled('oracle', /** @type {any} */ ({ instantiation: { tag: 'sync' } }));
  const { instantiate } = await import(pathToFileURL(fileURLToPath(new URL('itsm.js', folder))).href);
  /** @type {Map<string, WebAssembly.Module>} */
  const modules = new Map();
  for (const name of ['itsm.core.wasm', 'itsm.core2.wasm', 'itsm.core3.wasm', 'itsm.core4.wasm']) {
    const bytes = await readFile(new URL(name, folder)).catch(() => undefined);
    if (bytes) modules.set(name, new WebAssembly.Module(bytes));
  }
  const text = new TextDecoder('latin1');

  class Pollable {
    constructor(at = 0n) {
      this.at = at;
    }
    ready() {
      return clock.ns >= this.at;
    }
    block() {
      if (clock.ns < this.at) clock.ns = this.at;
    }
  }
  class Fields {
    /** @type {[string, Uint8Array][]} */
    list = [];
    /** @param {string} name @param {Uint8Array} value */
    append(name, value) {
      this.list.push([name, value]);
    }
    entries() {
      return this.list;
    }
  }
  class RequestOptions {
    setConnectTimeout() {}
    setFirstByteTimeout() {}
    setBetweenBytesTimeout() {}
  }
  class OutputStream {
    /** @param {OutgoingBody} to */
    constructor(to) {
      this.to = to;
    }
    checkWrite() {
      return 1n << 20n;
    }
    /** @param {Uint8Array} bytes */
    write(bytes) {
      this.to.bytes.push(...bytes);
    }
    flush() {}
    subscribe() {
      return new Pollable();
    }
  }
  class OutgoingBody {
    /** @type {number[]} */
    bytes = [];
    write() {
      return new OutputStream(this);
    }
    static finish() {}
  }
  class OutgoingRequest {
    content = new OutgoingBody();
    /** @param {Fields} headers */
    constructor(headers) {
      this.fields = headers;
    }
    /** @param {{ tag: string }} method */
    setMethod({ tag }) {
      this.method = tag.toUpperCase();
    }
    /** @param {{ tag: string }} scheme */
    setScheme({ tag }) {
      this.scheme = tag.toLowerCase();
    }
    /** @param {string} authority */
    setAuthority(authority) {
      this.authority = authority;
    }
    /** @param {string} path */
    setPathWithQuery(path) {
      this.path = path;
    }
    body() {
      return this.content;
    }
  }
  class InputStream {
    /** @param {Uint8Array} bytes */
    constructor(bytes) {
      this.bytes = bytes;
    }
    /** @param {bigint} most */
    read(most) {
      if (this.bytes.length === 0) throw { tag: 'closed' };
      const read = this.bytes.slice(0, Number(most));
      this.bytes = this.bytes.slice(read.length);
      return read;
    }
    subscribe() {
      return new Pollable();
    }
  }
  class IncomingBody {
    /** @param {Uint8Array} bytes */
    constructor(bytes) {
      this.bytes = bytes;
    }
    stream() {
      return new InputStream(this.bytes);
    }
  }
  class IncomingResponse {
    /** @param {ReturnType<World['respond']>} response */
    constructor({ status, headers, body }) {
      this.code = status;
      this.fields = new Fields();
      for (const [name, value] of headers) this.fields.append(name, Buffer.from(value));
      this.bytes = new TextEncoder().encode(body);
    }
    status() {
      return this.code;
    }
    headers() {
      return this.fields;
    }
    consume() {
      return new IncomingBody(this.bytes);
    }
  }
  class FutureIncomingResponse {
    /** @param {OutgoingRequest} request */
    constructor(request) {
      this.request = request;
    }
    subscribe() {
      return new Pollable();
    }
    get() {
      const { method = '', scheme, authority, path = '', fields, content } = this.request;
      const response = respond({
        ...{ method, origin: `${scheme}://${authority}`, path },
        headers: fields.list.map(([name, value]) => [name, text.decode(value)]),
        body: Buffer.from(content.bytes).toString(),
      });
      return { tag: 'ok', val: { tag: 'ok', val: new IncomingResponse(response) } };
    }
  }
  const http = { Fields, RequestOptions, OutgoingRequest, OutgoingBody, IncomingBody, IncomingResponse };
  return instantiate((/** @type {string} */ name) => modules.get(name), {
    'wasi:http/types': { ...http, FutureIncomingResponse },
    'wasi:http/outgoing-handler': {
      handle: (/** @type {OutgoingRequest} */ request) => new FutureIncomingResponse(request),
    },
    'wasi:io/error': { Error: class {} },
    'wasi:io/poll': {
      Pollable,
      poll(/** @type {Pollable[]} */ pollables) {
        if (!pollables.some((pollable) => pollable.ready())) pollables[0].block();
        return Uint32Array.from(pollables.flatMap((pollable, at) => (pollable.ready() ? [at] : [])));
      },
    },
    'wasi:io/streams': { InputStream, OutputStream },
    'wasi:clocks/monotonic-clock': {
      now: () => clock.ns,
      subscribeInstant: (/** @type {bigint} */ at) => new Pollable(at),
    },
    'wasi:clocks/wall-clock': { now: () => ({ seconds: 1_790_000_000n, nanoseconds: 0 }) },
    'wasi:random/random': { getRandomU64: random },
  });
}
