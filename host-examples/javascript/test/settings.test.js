import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Itsm, settings } from '../itsm.js';

const table = JSON.parse(await readFile(new URL('../../../tests/settings.json', import.meta.url), 'utf8'));

/** What was read, as the table writes it. @param {Record<string, string>} given */
function read(given) {
  const { site, callback } = settings({ ...table.base, ...given });
  const [endpoint, { bk_app_code, bk_app_secret, ...user }, { headers, ...options } = {}] = site;
  assert.deepEqual(options, { dispatcher: undefined });
  const tenant = headers?.length ? headers[0][1] : null;
  assert.deepEqual(headers, tenant === null ? [] : [['X-Bk-Tenant-Id', tenant]]);
  assert.deepEqual(Object.keys(user), user.access_token === undefined ? [] : ['access_token']);
  // It is what an Itsm is made of.
  assert.deepEqual(new Itsm(...site).connection.endpoint, endpoint);
  return {
    endpoint: { [endpoint.tag]: endpoint.val },
    'app-code': bk_app_code,
    'app-secret': bk_app_secret,
    'access-token': user.access_token ?? null,
    'tenant-id': tenant,
    'callback-url': callback?.callbackUrl ?? null,
    'binding-keys': callback?.keys ?? [],
  };
}

test('settings are read as every host reads them', async (t) => {
  assert.ok(table.read.length > 0);
  for (const { given, settings: changes } of [...table.read, table['without-callback']])
    await t.test(JSON.stringify(given), () => assert.deepEqual(read(given), { ...table.settings, ...changes }));
});

test('a setting that is missing or wrong is named in the sentence of every host', async (t) => {
  assert.ok(table.wrong.length > 0);
  for (const { given, why } of table.wrong) {
    await t.test(why, () =>
      assert.throws(
        () => read(given),
        (/** @type {any} */ error) => {
          assert.deepEqual([error.name, error.message], ['TypeError', why]);
          return true;
        },
      ),
    );
  }
  for (const name of table.names) settings({ ...table.base, [name]: table.base[name] ?? '' });
});

test('settings that are printed show no secret', () => {
  const all = settings({ ...table.base, ITSM_ACCESS_TOKEN: 'canary-token' });
  for (const shown of [JSON.stringify(all), inspect(all, { depth: 9, showHidden: true }), String(all)])
    assert.doesNotMatch(shown, /canary/);
});
