import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fakeItsm, SECRET } from './set-up.js';

const packed = fileURLToPath(new URL('../generated/blueking-itsm-0.1.0.tgz', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url));

/** TypeScript, and JavaScript just as well. */
const SCRIPT = `
import { Itsm, ItsmError, callbacks } from 'blueking-itsm';
const [gateway = '', secret = ''] = process.argv.slice(2);
const itsm = new Itsm({ tag: 'gateway', val: gateway }, { bk_app_code: 'app', bk_app_secret: secret });
const { total } = await itsm.tickets.search(itsm.connection, { sns: [], serviceIds: new BigUint64Array(), bkBizIds: new BigInt64Array(), statuses: [] }, 1, 10);
const claimed = callbacks.conclude('REVOKED', false, true);
try {
  await itsm.tickets.status(itsm.connection, 'NOBODYS');
} catch (error) {
  if (error instanceof ItsmError) console.log(total satisfies bigint, claimed, error.code, error.advice.tag);
}
`;

test('the package works in an empty folder, and its types hold there, for what its README shows too', async () => {
  const fake = await fakeItsm();
  const folder = await mkdtemp(join(tmpdir(), 'blueking-itsm-'));
  after(() => rm(folder, { recursive: true }));
  const inFolder = { cwd: folder, encoding: /** @type {const} */ ('utf8') };
  execFileSync('npm', ['install', '--prefix', folder, '--silent', '--prefer-offline', packed], inFolder);

  await writeFile(join(folder, 'use.mjs'), SCRIPT.replace(' satisfies bigint', ''));
  assert.equal(
    execFileSync(process.execPath, ['use.mjs', fake.gateway, SECRET], inFolder),
    '0n withdrawn 3900022 fix-argument\n',
  );

  await writeFile(join(folder, 'use.mts'), `declare const process: { argv: string[] };${SCRIPT}`);
  const readme = await readFile(new URL('../package/README.md', import.meta.url), 'utf8');
  const [, shown = ''] = /^```js\n(.*?)^```/ms.exec(readme) ?? [];
  assert.match(shown, /itsm\.tickets/);
  await writeFile(join(folder, 'readme.mts'), `declare const process: { env: Record<string, string> };${shown}`);
  execFileSync(
    tsc,
    [
      '--noEmit',
      '--strict',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--lib',
      'es2023,dom',
      'use.mts',
      'readme.mts',
    ],
    inFolder,
  );
});
