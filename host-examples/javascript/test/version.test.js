import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fakeItsm, SECRET } from './set-up.js';

const here = fileURLToPath(new URL('..', import.meta.url));
const built = process.env.ITSM_WASM_DIR ?? join(here, '../../target/itsm');

const SCRIPT = `
import { Itsm, callbacks, tracking } from './package/index.js';
const [gateway, secret] = process.argv.slice(2);
const itsm = new Itsm({ tag: 'gateway', val: gateway }, { bk_app_code: 'app', bk_app_secret: secret });
const { total } = await itsm.tickets.search(itsm.connection, { sns: [], serviceIds: [], bkBizIds: [], statuses: [] }, 1, 10);
console.log(total, callbacks.conclude('REVOKED', false, true), tracking.start('op1', undefined, 0).actions[0].tag);
`;

/**
 * A copy of the host, and of the components as if they had this version.
 * @param {string} version
 */
async function hostWithComponentsOf(version) {
  const folder = await mkdtemp(join(tmpdir(), 'itsm-version-'));
  after(() => rm(folder, { recursive: true }));
  for (const file of ['package.json', 'package', 'scripts/build.js']) {
    await cp(join(here, file), join(folder, file), { recursive: true });
  }
  await symlink(join(here, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'use.js'), SCRIPT);
  await mkdir(join(folder, 'built'));
  for (const file of ['itsm.core.wasm', 'itsm-callbacks.core.wasm', 'itsm-callbacks.wasm']) {
    const bytes = await readFile(join(built, file), 'latin1');
    const rewritten = bytes.replaceAll(/(blueking:itsm\/[a-z-]+)@0\.1\.0/g, `$1@${version}`);
    assert.notEqual(rewritten, bytes);
    await writeFile(join(folder, 'built', file), rewritten, 'latin1');
  }
  return (/** @type {string[]} */ ...command) => {
    const env = { ...process.env, ITSM_WASM_DIR: join(folder, 'built') };
    const { status, stdout, stderr } = spawnSync(process.execPath, command, { cwd: folder, env, encoding: 'utf8' });
    return { status, stdout, stderr };
  };
}

test('the host serves components of its version line, and refuses those of another', async (t) => {
  const fake = await fakeItsm();
  const cases = [
    { version: '0.1.1', refused: '' },
    {
      version: '0.2.0',
      refused:
        'itsm.core.wasm has blueking:itsm/administration@0.2.0, and this host is written for version 0.1: use a component of that version\n',
    },
    {
      version: '1.1.0',
      refused:
        'itsm.core.wasm has blueking:itsm/administration@1.1.0, and this host is written for version 0.1: use a component of that version\n',
    },
  ];
  for (const { version, refused } of cases) {
    await t.test(version, async () => {
      const run = await hostWithComponentsOf(version);
      assert.deepEqual(run('scripts/build.js'), { status: refused ? 1 : 0, stdout: '', stderr: refused });
      if (refused) return;
      assert.deepEqual(run('use.js', fake.gateway, SECRET), { status: 0, stdout: '0 withdrawn create\n', stderr: '' });
    });
  }
});
