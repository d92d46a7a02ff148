// Turns the two components into JavaScript with types, by jco.

import { transpile } from '@bytecodealliance/jco';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('..', import.meta.url));
const built = process.env.ITSM_WASM_DIR ?? join(here, '../../target/itsm');

const itsm = await component('itsm.wasm');
const itsmCallbacks = await component('itsm-callbacks.wasm');
for (const folder of ['generated', 'page/generated']) {
  await rm(join(here, folder), { recursive: true, force: true });
}
// The component's only way out is outgoing.js.
await turn(itsm, 'generated/itsm', { name: 'itsm', map: { 'wasi:http/*': '../../outgoing.js#*' } });
await turn(itsmCallbacks, 'generated/callbacks', { name: 'itsm-callbacks' });
// In the page the WebAssembly is part of the script, so that the page fetches nothing.
await turn(itsmCallbacks, 'page/generated', { name: 'itsm-callbacks', base64Cutoff: 2 ** 32 - 1 });

/** @param {string} file */
function component(file) {
  return readFile(join(built, file)).catch(() => {
    console.error(`${file} is missing: run \`cargo xtask build\`, or set ITSM_WASM_DIR to its folder`);
    process.exit(1);
  });
}

/**
 * @param {Buffer} wasm
 * @param {string} folder
 * @param {Parameters<typeof transpile>[1]} options
 */
async function turn(wasm, folder, options) {
  const { files } = await transpile(wasm, options);
  for (const [file, content] of Object.entries(files)) {
    const path = join(here, folder, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
}
