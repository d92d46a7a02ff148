// Makes the npm package: its sources in one file, for `import` and for `require`. A process starts faster with one. The
// core modules are files beside it, which are read when they are needed.

import { execFileSync } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const from = new URL('../package/', import.meta.url);
const folder = new URL('../generated/package/', import.meta.url);

const CORE = ['core.js', 'core.cjs', 'core.bundled.cjs', 'itsm.core.wasm', 'itsm-callbacks.core.wasm'];

for (const name of ['README.md', 'README.zh.md', 'package.json', 'index.d.ts', ...CORE])
  await cp(new URL(name, from), new URL(name, folder));
await cp(new URL('index.d.ts', from), new URL('index.d.cts', folder));
await cp(new URL('../../../LICENSE', from), new URL('LICENSE', folder));
for (const [format, name] of /** @type {const} */ ([
  ['esm', 'index.js'],
  ['cjs', 'index.cjs'],
])) {
  await build({
    entryPoints: [fileURLToPath(new URL('index.js', from))],
    outfile: fileURLToPath(new URL(name, folder)),
    ...{
      bundle: true,
      platform: 'node',
      format,
      packages: 'external',
      external: ['#core'],
      target: 'node20',
      logLevel: 'warning',
    },
  });
}
execFileSync('npm', ['pack', '--silent', '--pack-destination', '..'], { cwd: fileURLToPath(folder), stdio: 'inherit' });
