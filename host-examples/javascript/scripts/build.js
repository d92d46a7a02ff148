// Turns the two components into JavaScript with types, by jco.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transpile } from '@bytecodealliance/jco';

const here = fileURLToPath(new URL('..', import.meta.url));
const built = process.env.ITSM_WASM_DIR ?? join(here, '../../target/itsm');
/** The interfaces that this host is written for. Before 1.0, versions are compatible when all but the last number agree. */
const WRITTEN_FOR = /^blueking:itsm\/[a-z-]+@0\.1\.\d+$/;

const files = [
  // The component's only way out is outgoing.js.
  ...(await turn('itsm', 'generated/itsm', { map: { 'wasi:http/*': '../../outgoing.js#*' } })),
  ...(await turn('itsm-callbacks', 'generated/callbacks')),
  // In the page the WebAssembly is part of the script, so that the page fetches nothing.
  ...(await turn('itsm-callbacks', 'page/generated', { base64Cutoff: 2 ** 32 - 1 })),
];
for (const folder of ['generated', 'page/generated']) {
  await rm(join(here, folder), { recursive: true, force: true });
}
for (const [path, content] of files) {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
}

/**
 * @param {string} name
 * @param {string} folder
 * @param {Parameters<typeof transpile>[1]} options
 */
async function turn(name, folder, options = {}) {
  const wasm = await readFile(join(built, `${name}.wasm`)).catch(() =>
    stop(`${name}.wasm is missing: run \`cargo xtask build\`, or set ITSM_WASM_DIR to its folder`),
  );
  const { files, exports } = await transpile(wasm, { name, ...options });
  // The bare names that jco gives to interfaces, and that this host uses, say nothing of the version.
  const other = exports.map(([of]) => of).find((of) => of.startsWith('blueking:itsm/') && !WRITTEN_FOR.test(of));
  if (other)
    stop(`${name}.wasm has ${other}, and this host is written for version 0.1: use a component of that version`);
  return Object.entries(files).map(([file, content]) => /** @type {const} */ ([join(here, folder, file), content]));
}

/**
 * @param {string} why
 * @returns {never}
 */
function stop(why) {
  console.error(why);
  process.exit(1);
}
