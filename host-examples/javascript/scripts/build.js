// Puts the core modules into the package, and turns a component into JavaScript for the page, by jco.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transpile } from '@bytecodealliance/jco';

const here = fileURLToPath(new URL('..', import.meta.url));
const built = process.env.ITSM_WASM_DIR ?? join(here, '../../target/itsm');
/** The interfaces that this host is written for. Before 1.0, versions are compatible when all but the last number agree. */
const WRITTEN_FOR = /^blueking:itsm\/[a-z-]+@0\.1\.\d+$/;

const files = [
  await core('itsm'),
  await core('itsm-callbacks'),
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

/** @param {string} name */
async function core(name) {
  const file = `${name}.core.wasm`;
  const wasm = await read(file);
  const exported = WebAssembly.Module.exports(await WebAssembly.compile(wasm));
  check(
    file,
    exported.map((each) => each.name.split('#')[0]),
  );
  return /** @type {const} */ ([join(here, 'package', file), wasm]);
}

/**
 * @param {string} name
 * @param {string} folder
 * @param {Parameters<typeof transpile>[1]} options
 */
async function turn(name, folder, options = {}) {
  const { files, exports } = await transpile(await read(`${name}.wasm`), { name, ...options });
  check(
    `${name}.wasm`,
    exports.map(([of]) => of),
  );
  return Object.entries(files).map(([file, content]) => /** @type {const} */ ([join(here, folder, file), content]));
}

/** @param {string} file */
function read(file) {
  return readFile(join(built, file)).catch(() =>
    stop(`${file} is missing: run \`cargo xtask build\`, or set ITSM_WASM_DIR to its folder`),
  );
}

/**
 * The names of interfaces that this host uses say nothing of the version.
 * @param {string} file
 * @param {string[]} interfaces
 */
function check(file, interfaces) {
  const other = interfaces.find((of) => of.startsWith('blueking:itsm/') && !WRITTEN_FOR.test(of));
  if (other) stop(`${file} has ${other}, and this host is written for version 0.1: use a component of that version`);
}

/**
 * @param {string} why
 * @returns {never}
 */
function stop(why) {
  console.error(why);
  process.exit(1);
}
