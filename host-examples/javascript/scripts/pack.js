// Makes the npm package: its sources in one file, for `import` and for `require`. A process starts faster with one. The
// core modules are files beside it, which are read when they are needed.

import { execFileSync } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const from = new URL('../package/', import.meta.url);
const folder = new URL('../generated/package/', import.meta.url);

const CORES = ['itsm', 'itsm-callbacks'].map((name) => `${name}.core.wasm`);

for (const name of ['README.md', 'README.zh.md', 'package.json', 'index.d.ts', 'core.js', 'core.cjs', ...CORES])
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
const texts = CORES.map(async (file) => [file, await readFile(new URL(file, from), 'base64')]);
await writeFile(
  new URL('core.bundled.js', folder),
  `const files = ${JSON.stringify(Object.fromEntries(await Promise.all(texts)))};
export const read = (name) => Buffer.from(files[\`\${name}.core.wasm\`], 'base64');
`,
);
execFileSync('npm', ['pack', '--silent', '--pack-destination', '..'], { cwd: fileURLToPath(folder), stdio: 'inherit' });
