import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { fakeItsm, SECRET } from './set-up.js';

const packed = fileURLToPath(new URL('../generated/blueking-itsm-0.1.0.tgz', import.meta.url));
const tsc = fileURLToPath(new URL('../node_modules/.bin/tsc', import.meta.url));
const webpack = createRequire(import.meta.url)('webpack');

/** TypeScript, and JavaScript just as well. */
const BODY = `
async function main() {
  const [gateway = '', secret = ''] = process.argv.slice(2);
  const itsm = new Itsm({ tag: 'gateway', val: gateway }, { bk_app_code: 'app', bk_app_secret: secret });
  const filter = { sns: [], serviceIds: ['1', 2, 3n], bkBizIds: [], statuses: [] };
  const { total } = await itsm.tickets.search(itsm.connection, filter, 1, 10);
  const claimed = callbacks.conclude('REVOKED', false, true);
  try {
    await itsm.tickets.status(itsm.connection, 'NOBODYS');
  } catch (error) {
    if (error instanceof ItsmError) console.log(total, claimed, error.code, error.advice.tag);
  }
}
main();
`;
const NAMES = '{ Itsm, ItsmError, callbacks }';
const ESM = `import ${NAMES} from 'blueking-itsm';${BODY}`;
const CJS = `const ${NAMES} = require('blueking-itsm');${BODY}`;
const SAID = '0 withdrawn 3900022 fix-argument\n';

const fake = await fakeItsm();
const folder = await mkdtemp(join(tmpdir(), 'blueking-itsm-'));
after(() => rm(folder, { recursive: true }));
const inFolder = { cwd: folder, encoding: /** @type {const} */ ('utf8') };

/** @param {string} file */
function run(file) {
  return execFileSync(process.execPath, [file, fake.gateway, SECRET], inFolder);
}

/** @param {string} name @param {string} content */
async function write(name, content) {
  await writeFile(join(folder, name), content);
  return join(folder, name);
}

before(() => {
  execFileSync('npm', ['install', '--prefix', folder, '--silent', '--prefer-offline', packed], inFolder);
});

test('the package works in an empty folder, by import and by require', async () => {
  await write('use.mjs', ESM);
  await write('use.cjs', CJS);
  assert.equal(run('use.mjs'), SAID);
  assert.equal(run('use.cjs'), SAID);
});

test('a first call loads what it needs: one core module, and little of Node', async () => {
  const load = (/** @type {string} */ imported) => `
const cores = [];
const fs = process.getBuiltinModule('node:fs');
const { readFileSync } = fs;
fs.readFileSync = (file, ...more) => {
  if (String(file).endsWith('.wasm')) cores.push(String(file).split('/').at(-1));
  return readFileSync(file, ...more);
};
const before = new Set(process.moduleLoadList);
const { callbacks, Itsm } = ${imported};
callbacks.parse(Buffer.from('{"sn": "REQ1", "current_status": "FINISHED", "approve_result": true}'));
// Without what loads modules itself.
const ofNode = process.moduleLoadList.filter((name) => !before.has(name) && !/modules|lexer/.test(name));
console.log(ofNode.join(), cores.splice(0).join());
new Itsm({ tag: 'gateway', val: 'http://127.0.0.1:1' }, {}).tickets.newTag();
console.log(cores.join());
`;
  const expected = 'NativeModule timers/promises itsm-callbacks.core.wasm\nitsm.core.wasm\n';
  assert.equal(run(await write('first.mjs', load("await import('blueking-itsm')"))), expected);
  assert.equal(run(await write('first.cjs', load("require('blueking-itsm')"))), expected);
});

test('undici, which takes long to load, is loaded by the first request alone', async () => {
  const load = `
import { callbacks, Itsm, settings } from 'blueking-itsm';
const site = { ITSM_GATEWAY: process.argv[2], ITSM_APP_CODE: 'app', ITSM_APP_SECRET: process.argv[3] };
const itsm = new Itsm(...settings({ ...site, HTTP_PROXY: 'http://proxy:3128' }).site);
const isLoaded = () => Symbol.for('undici.globalDispatcher.1') in globalThis;
const before = [callbacks.conclude('REVOKED', false, true), isLoaded()];
await Promise.all(['1', '2'].map((sn) => itsm.tickets.status(itsm.connection, sn).catch(({ code }) => before.push(code))));
console.log(...before, isLoaded());
`;
  assert.equal(run(await write('load.mjs', load)), 'withdrawn false 3900022 3900022 true\n');
});

test('it works in one file, as bundlers make it without a setting but the platform', async (t) => {
  const entries = { esm: await write('entry.mjs', ESM), cjs: await write('entry.cjs', CJS) };
  for (const [from, entry] of Object.entries(entries)) {
    await t.test(`esbuild, of ${from}`, async () => {
      const outfile = join(folder, `esbuild-${from}/out.cjs`);
      await build({ entryPoints: [entry], outfile, bundle: true, platform: 'node', logLevel: 'error' });
      assert.equal(run(outfile), SAID);
    });
    await t.test(`webpack, of ${from}`, async () => {
      const output = { path: join(folder, `webpack-${from}`), filename: 'out.cjs' };
      const stats = await promisify(webpack)({ entry, output, target: 'node', mode: 'production', context: folder });
      assert.deepEqual(stats.toJson().errors, []);
      assert.equal(run(join(output.path, 'out.cjs')), SAID);
    });
  }
});

test('its types hold there, for what its README shows too', async () => {
  const typed = BODY.replace('total,', 'total satisfies number,');
  await write('use.mts', `import ${NAMES} from 'blueking-itsm';${typed}`);
  await write(
    'use.cts',
    `import itsmPackage = require('blueking-itsm');const ${NAMES} = itsmPackage;${typed.replace('error instanceof ItsmError', 'error instanceof itsmPackage.ItsmError')}`,
  );
  // What must not compile, and the types by their names.
  await write(
    'wrong.mts',
    `import { Itsm, type NewTicket, type Verdict, callbacks } from 'blueking-itsm';
declare const itsm: Itsm;
// @ts-expect-error a text is no list
const service: NewTicket['service'] = { tag: 'fast-approval', val: { approvers: 'admin', content: '' } };
// @ts-expect-error there is no such function
itsm.tickets.craete;
// @ts-expect-error there is no such verdict
const verdict: Verdict = 'approve';
// @ts-expect-error a text is no bytes
callbacks.parse('text');
export { service, verdict };
`,
  );
  const readme = await readFile(new URL('../package/README.md', import.meta.url), 'utf8');
  const shown = [...readme.matchAll(/^```js\n(.*?)^```/gms)].map(([, code]) => code);
  assert.equal(shown.length, 2);
  const names = shown.map((_, at) => `readme${at}.mts`);
  await Promise.all(names.map((name, at) => write(name, shown[at])));
  await write('newer.d.ts', "declare module 'node:sqlite';");
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2022', '--lib', 'es2023,dom'];
  const node = ['--types', 'node', '--typeRoots', fileURLToPath(new URL('../node_modules/@types', import.meta.url))];
  execFileSync(tsc, [...options, ...node, 'newer.d.ts', 'use.mts', 'use.cts', 'wrong.mts', ...names], inFolder);
});

test('the docs of the WIT are there for an editor', async () => {
  const types = await readFile(join(folder, 'node_modules/blueking-itsm/index.d.ts'), 'utf8');
  const undocumented = [
    ...types.matchAll(/^(?!.*\*\/$).*\n((?: {2}(?!export)\S+[?(:].*;|export (?:type|interface|declare).*))$/gm),
  ]
    .map(([, line]) => line)
    .filter(
      (line) =>
        !/constructor|toJSON|readonly (tickets|operations|handling|services|administration|diagnosis)/.test(line),
    );
  assert.deepEqual(undocumented, []);
  assert.match(types, /False only when ITSM provably changed nothing/);
});
