// Makes the npm package: the component as JavaScript with its types, and the class around it.

import { execFileSync } from 'node:child_process';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = new URL('../', import.meta.url);
const folder = new URL('generated/package/', here);

for (const path of ['itsm.js', 'worker.js', 'outgoing.js', 'redact.js', 'generated/itsm', 'generated/callbacks']) {
  await cp(new URL(path, here), new URL(path, folder), { recursive: true });
}
await cp(new URL('package/README.md', here), new URL('README.md', folder));
await cp(new URL('../../LICENSE', here), new URL('LICENSE', folder));

// The package needs what this example needs, in the same version.
const { dependencies } = await json('package.json');
await writeFile(
  new URL('package.json', folder),
  JSON.stringify({ ...(await json('package/package.json')), dependencies }, null, 2),
);
execFileSync('npm', ['pack', '--silent', '--pack-destination', '..'], { cwd: fileURLToPath(folder), stdio: 'inherit' });

/** @param {string} path */
async function json(path) {
  return JSON.parse(await readFile(new URL(path, here), 'utf8'));
}
