// Makes the npm package: its sources in one file, since a process starts faster with one. Node takes index.js by `import`
// and index.cjs by `require`: "module-sync" in `exports` of package.json is a condition of Node alone. They read the core
// modules from files when these are needed. Bundlers, whose output has no files beside it, take bundled.js, which holds
// the core modules.

import { execFileSync } from 'node:child_process';
import { cp, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** @import { BuildOptions, Plugin } from 'esbuild' */

const from = new URL('../package/', import.meta.url);
const folder = new URL('../generated/package/', import.meta.url);
const CORES = ['itsm', 'itsm-callbacks'];

for (const name of [
  'README.md',
  'README.zh.md',
  'package.json',
  'index.d.ts',
  ...CORES.map((name) => `${name}.core.wasm`),
])
  await cp(new URL(name, from), new URL(name, folder));
await cp(new URL('index.d.ts', from), new URL('index.d.cts', folder));
await cp(new URL('../../../LICENSE', from), new URL('LICENSE', folder));

const texts = CORES.map(async (name) => [name, await readFile(new URL(`${name}.core.wasm`, from), 'base64')]);
const contents = `const texts = ${JSON.stringify(Object.fromEntries(await Promise.all(texts)))};
export const read = (name) => Buffer.from(texts[name], 'base64');`;
/** core.js with the core modules inside. @type {Plugin} */
const holding = {
  name: 'core modules as texts',
  setup: ({ onLoad }) => onLoad({ filter: /\/package\/core\.js$/ }, () => ({ contents })),
};
await Promise.all([
  bundle('index.js', { format: 'esm' }),
  bundle('index.cjs', { format: 'cjs', define: { 'import.meta.dirname': '__dirname' } }),
  bundle('bundled.js', { format: 'esm', plugins: [holding] }),
]);
execFileSync('npm', ['pack', '--silent', '--pack-destination', '..'], { cwd: fileURLToPath(folder), stdio: 'inherit' });

/** @param {string} name @param {BuildOptions} options */
function bundle(name, options) {
  return build({
    entryPoints: [fileURLToPath(new URL('index.js', from))],
    outfile: fileURLToPath(new URL(name, folder)),
    ...{ bundle: true, platform: 'node', packages: 'external', target: 'node20', logLevel: 'warning', ...options },
  });
}
