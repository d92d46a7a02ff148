// The core modules, which are files beside this one.

// An `import` of it would make a binding for all that it exports, and so load much that nobody needs.
const { readFileSync } = process.getBuiltinModule('node:fs');

/** @param {string} name of the component @returns {Uint8Array<ArrayBuffer>} */
export function read(name) {
  return readFileSync(`${import.meta.dirname}/${name}.core.wasm`);
}
