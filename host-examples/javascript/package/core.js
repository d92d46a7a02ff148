// The core modules, read from the files beside this one. By `imports` of package.json, Node alone does so, here and in
// core.cjs: "module-sync" is its condition. Bundlers, whose output has no files beside it, and other engines take
// core.bundled.cjs, which holds the same as texts.

// An `import` of it would make a binding for all that it exports, and so load much that nobody needs.
const { readFileSync } = process.getBuiltinModule('node:fs');

/** @param {string} name of the component */
export function read(name) {
  return readFileSync(new URL(`${name}.core.wasm`, import.meta.url));
}
