// The core modules, read from the files beside this one. `imports` of package.json says who takes which of its variants:
// `require` takes core.cjs, and bundlers, whose output has no files beside it, take core.bundled.js.

// An `import` of it would make a binding for all that it exports, and so load much that nobody needs.
const { readFileSync } = process.getBuiltinModule('node:fs');

/** @param {string} name of the component */
export function read(name) {
  return readFileSync(new URL(`${name}.core.wasm`, import.meta.url));
}
