// Makes the npm package: its sources as they are, and the same in one file for `require`.

import { execFileSync } from 'node:child_process';
import { cp, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const from = new URL('../package/', import.meta.url);
const folder = new URL('../generated/package/', import.meta.url);

const isShipped = (/** @type {string} */ name) => name !== 'host.d.ts' && !name.endsWith('.cjs');
for (const name of (await readdir(from)).filter(isShipped)) await cp(new URL(name, from), new URL(name, folder));
await cp(new URL('index.d.ts', from), new URL('index.d.cts', folder));
await cp(new URL('../../../LICENSE', from), new URL('LICENSE', folder));
await build({
  entryPoints: [fileURLToPath(new URL('index.js', from))],
  outfile: fileURLToPath(new URL('index.cjs', folder)),
  ...{ bundle: true, platform: 'node', format: 'cjs', packages: 'external', target: 'node20', logLevel: 'warning' },
});
execFileSync('npm', ['pack', '--silent', '--pack-destination', '..'], { cwd: fileURLToPath(folder), stdio: 'inherit' });
