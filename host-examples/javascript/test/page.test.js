import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { callbacks } from '../itsm.js';
import { WORDS } from '../page/words.js';
import { startBrowser } from '../scripts/browser.js';
import { servePage } from '../scripts/page.js';
import { answered, VECTORS } from './vectors.js';

/** @typedef {import('playwright-core').Page} Page */

const { url, server } = await servePage();
after(() => server.close());
const browser = await startBrowser();
after(() => browser.close());

const NOW_S = Math.floor(Date.now() / 1000);
const KEY = `itsm-key.t.${'0f'.repeat(32)}`;
const ADDRESS = 'https://cmdb.example.com/itsm/callback';
const OPERATION = 'k7w2hq4mzx3n6vbr5tjd8ycpfa';
const BODY = {
  title: '扩容',
  current_status: 'FINISHED',
  sn: 'REQ20261124000058',
  ticket_url: 'http://itsm.example.com/1',
  update_at: '2026-11-24 07:35:59.863513',
  updated_by: ',carol,admin,',
  approve_result: true,
  token: 'canary-of-the-token',
  last_approver: 'admin',
};

/** @param {string} key @param {number} expiresS */
function bound(key = KEY, expiresS = NOW_S + 3600) {
  return callbacks.bind(key, { operationId: OPERATION, callbackUrl: ADDRESS, expiresS: BigInt(expiresS) });
}

/**
 * A page of its own in a browser whose user reads this language, and the requests that it makes.
 * @param {string} locale
 * @param {{ width: number, height: number }} viewport
 */
async function open(locale = 'en', viewport = { width: 1000, height: 800 }) {
  const context = await browser.newContext({ locale, viewport });
  const page = await context.newPage();
  /** @type {string[]} */
  const requests = [];
  /** @type {string[]} */
  const errors = [];
  context.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(url);
  await page.waitForSelector('main:not([hidden])');
  return { page, requests, errors, context };
}

/** @param {Page} page @param {string} label @param {string} value */
function fill(page, label, value) {
  return page.getByLabel(label, { exact: true }).fill(value);
}

/** What is shown, without line breaks. @param {Page} page @param {string} selector */
async function shown(page, selector) {
  return (await page.locator(selector).innerText()).replace(/\s+/g, ' ');
}

test('a body is shown as a claim, with what it does not prove beside it', async (t) => {
  const { page, errors } = await open();
  const cases = [
    { what: 'approved', body: {}, result: WORDS.en.approved },
    { what: 'rejected', body: { approve_result: false }, result: WORDS.en.rejected },
    { what: 'withdrawn', body: { current_status: 'REVOKED', approve_result: false }, result: WORDS.en.withdrawn },
    { what: 'terminated', body: { current_status: 'TERMINATED', approve_result: false }, result: WORDS.en.terminated },
    { what: "a status of the site's own", body: { current_status: 'SHELVED' }, result: WORDS.en.closed },
    { what: 'a self-check', body: { sn: 'ITSM-SELF-CHECK' }, result: WORDS.en.selfCheck.replaceAll('`', '') },
  ];
  for (const { what, body, result } of cases) {
    await t.test(what, async () => {
      await fill(page, WORDS.en.bodyLabel, JSON.stringify({ ...BODY, ...body }));
      assert.equal(await shown(page, '#body-result'), result);
    });
  }
  await fill(page, WORDS.en.bodyLabel, JSON.stringify(BODY));
  assert.equal(
    await shown(page, '#callback'),
    'Number REQ20261124000058 Title 扩容 Status FINISHED Approval result true Last approved by admin ' +
      'Handled by carol, admin Last changed 2026-11-24 07:35:59.863513 Page http://itsm.example.com/1',
  );
  const proofs = page.locator('.proves-not:visible');
  assert.equal(await proofs.count(), 2);
  // Just as prominent: its heading is as large, and the panel no smaller.
  const [says, provesNot] = await page.locator('section:first-of-type .results > *').evaluateAll((panels) =>
    panels.map((panel) => ({
      width: panel.clientWidth,
      height: panel.clientHeight,
      heading: getComputedStyle(/** @type {Element} */ (panel.querySelector('h3'))).fontSize,
    })),
  );
  assert.deepEqual(provesNot, says);
  assert.ok(!(await page.locator('main').innerText()).includes(BODY.token));
  assert.deepEqual(errors, []);
});

test('a body that is no callback is shown with what is wrong', async (t) => {
  const { page, errors } = await open();
  const text = JSON.stringify(BODY);
  const cases = [
    {
      what: 'a key that is given twice',
      body: text.replace('{', '{"sn":"REQ1",'),
      result: 'No callback: something is wrong with the member sn. The component’s own words: is given twice',
    },
    {
      what: 'a member that is missing',
      body: '{"sn":"REQ1"}',
      result: 'No callback: something is wrong with the member approve_result. The component’s own words: is missing',
    },
    {
      what: 'a wrong type',
      body: JSON.stringify({ ...BODY, sn: 1 }),
      result:
        'No callback: something is wrong with the member sn. The component’s own words: is a number, not a string',
    },
    {
      what: 'half a body',
      body: text.slice(0, 50),
      result: /^No callback: it is not a JSON object that can be read\. The component’s own words: ./,
    },
    {
      what: 'one that is too large',
      body: ' '.repeat(65_536) + text,
      result: 'No callback: it is larger than 65536 bytes.',
    },
    { what: 'a member whose name is markup', body: '{"<img src=x>`":1,"<img src=x>`":1}', result: /<img src=x>`/ },
  ];
  for (const { what, body, result } of cases) {
    await t.test(what, async () => {
      await fill(page, WORDS.en.bodyLabel, body);
      const told = (await shown(page, '#body-result')).replace(/["“”]/g, '');
      if (typeof result === 'string') assert.equal(told, result);
      else assert.match(told, result);
      assert.equal(await page.locator('#callback').innerText(), '');
      assert.equal(await page.locator('main img').count(), 0);
    });
  }
  assert.deepEqual(errors, []);
});

test('a header is checked with the key and the address', async (t) => {
  const { page, errors } = await open();
  const label = WORDS.en.headerLabel.replaceAll('`', '');
  const {
    header: [, good],
    tag,
  } = bound();
  const cases = [
    { what: 'genuine', header: good, result: 'bound', operation: true },
    {
      what: 'genuine, among all headers as received',
      header: `Host: cmdb.example.com\nx-itsm-binding: ${good}\nAccept: */*`,
      result: 'bound',
      operation: true,
    },
    { what: 'forged', header: good.replace(/.$/, (last) => (last === '0' ? '1' : '0')), result: 'forged' },
    { what: 'expired', header: bound(KEY, NOW_S - 1).header[1], result: 'expired', operation: true },
    { what: 'another key of the same id', header: good, key: `itsm-key.t.${'1e'.repeat(32)}`, result: 'forged' },
    { what: 'a key of another id', header: good, key: `itsm-key.u.${'0f'.repeat(32)}`, result: 'unknownKey' },
    { what: 'no key', header: good, key: 'secret', result: 'invalidKey' },
    { what: 'another address', header: good, address: `${ADDRESS}/`, result: 'forged' },
    { what: 'twice', header: `X-Itsm-Binding: ${good}\nX-Itsm-Binding: ${good}`, result: 'malformedHeader' },
    { what: 'of another form', header: 'junk', result: 'malformedHeader' },
    { what: 'absent', header: 'Host: cmdb.example.com', result: 'absent' },
    { what: 'not to be checked without a key', header: good, key: '', result: 'needKey' },
  ];
  for (const { what, header, key = KEY, address = ADDRESS, result, operation = false } of cases) {
    await t.test(what, async () => {
      await fill(page, label, header);
      await fill(page, WORDS.en.keyLabel, key);
      await fill(page, WORDS.en.addressLabel, address);
      const text = WORDS.en[/** @type {keyof typeof WORDS.en} */ (result)];
      assert.equal(await shown(page, '#header-result'), text.replaceAll('`', ''));
      assert.equal((await page.locator('#claims').innerText()).includes(OPERATION), operation);
      assert.ok(!(await page.content()).includes(tag));
    });
  }
  assert.deepEqual(errors, []);
});

test('bindings are checked in the browser as the published vectors say', async () => {
  const { page } = await open();
  const found = await page.evaluate(`import('/generated/itsm-callbacks.js')
    .then(({ callbacks }) => (${answered})(callbacks, ${JSON.stringify(VECTORS)}))`);
  assert.deepEqual(found, VECTORS);
});

test('a body and a header that hold lead to the question to ask', async () => {
  const { page } = await open();
  assert.equal(await shown(page, '#next'), WORDS.en.dontAsk);
  await page.getByRole('button', { name: WORDS.en.example }).click();
  assert.equal(await shown(page, '#body-result'), WORDS.en.approved);
  assert.equal(await shown(page, '#header-result'), WORDS.en.bound);
  assert.equal(
    await shown(page, '#next'),
    WORDS.en.ask.replaceAll('`', '').replace('{0}', 'tickets.confirm(connection, "REQ20261124000058", tag)'),
  );
  await page.getByRole('button', { name: WORDS.en.clear }).click();
  assert.equal(await shown(page, '#body-result'), WORDS.en.nothing);
});

test('every text is there in both languages, and the browser says which comes first', async (t) => {
  assert.deepEqual(Object.keys(WORDS.zh), Object.keys(WORDS.en));
  assert.ok(Object.values(WORDS.zh).every((text) => /\p{Script=Han}/u.test(text)));
  for (const { locale, first, other } of [
    { locale: 'zh-CN', first: 'zh', other: 'English' },
    { locale: 'zh-TW', first: 'zh', other: 'English' },
    { locale: 'en-GB', first: 'en', other: '中文' },
    { locale: 'de', first: 'en', other: '中文' },
  ]) {
    await t.test(locale, async () => {
      const { page } = await open(locale);
      const second = first === 'zh' ? 'en' : 'zh';
      await page.fill('#body', '{"sn":"a","sn":"b"}');
      await assertLanguage(page, first);
      await page.getByRole('button', { name: other }).click();
      await assertLanguage(page, second);
    });
  }
});

/** @param {Page} page @param {string} language */
async function assertLanguage(page, language) {
  const words = WORDS[language === 'zh' ? 'zh' : 'en'];
  assert.equal(await page.locator('html').getAttribute('lang'), language === 'zh' ? 'zh-CN' : 'en');
  assert.equal(await page.title(), words.title);
  assert.equal(await page.locator('#languages [aria-pressed=true]').getAttribute('value'), language);
  const texts = await page.locator('[data-text], #body-result, #header-result, #next').allInnerTexts();
  assert.ok(texts.length > 20 && texts.every((text) => text !== ''));
  const chinese = texts.filter((text) => /\p{Script=Han}/u.test(text));
  assert.equal(chinese.length, language === 'zh' ? texts.length : 0);
}

test('nothing leaves the page, and nothing stays in the browser', async () => {
  const { page, requests, context } = await open();
  const loaded = [...requests];
  assert.ok(loaded.length >= 5 && loaded.every((loadedFrom) => loadedFrom.startsWith(url)), `${loaded}`);
  await page.getByRole('button', { name: WORDS.en.example }).click();
  await fill(page, WORDS.en.bodyLabel, JSON.stringify(BODY));
  await fill(page, WORDS.en.keyLabel, KEY);
  await page.getByRole('button', { name: '中文' }).click();
  await page.keyboard.press('Enter');
  await page.waitForTimeout(300);
  assert.deepEqual(requests, loaded);

  // Even a script of the page's own could send nothing.
  /** @type {(string | undefined)[]} */
  const reached = [];
  server.on('request', (request) => reached.push(request.url));
  const sent = await page.evaluate(() =>
    Promise.all([
      fetch('/').then(
        () => 'sent',
        () => 'blocked',
      ),
      fetch('http://127.0.0.1:9/').then(
        () => 'sent',
        () => 'blocked',
      ),
      new Promise((resolve) => {
        const image = new Image();
        image.onload = () => resolve('sent');
        image.onerror = () => resolve('blocked');
        image.src = '/index.html';
      }),
    ]),
  );
  assert.deepEqual(sent, ['blocked', 'blocked', 'blocked']);
  assert.deepEqual(reached, []);

  const kept = await page.evaluate(() =>
    JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie, location.href, history.length]),
  );
  assert.equal(kept, JSON.stringify([{}, {}, '', url, 2]));
  assert.equal((await context.storageState()).cookies.length, 0);
  await page.goto('about:blank');
  await page.goBack();
  await page.waitForSelector('main:not([hidden])');
  assert.deepEqual(
    await page
      .locator('textarea, input')
      .evaluateAll((inputs) => inputs.map((input) => /** @type {HTMLInputElement} */ (input).value)),
    ['', '', '', ''],
  );
});

test('the page can be used by keyboard, with a screen reader and on a phone', async (t) => {
  const { page } = await open('en', { width: 320, height: 640 });
  await t.test('each field has a label, and the key is hidden', async () => {
    for (const label of ['bodyLabel', 'headerLabel', 'keyLabel', 'addressLabel']) {
      const text = WORDS.en[/** @type {keyof typeof WORDS.en} */ (label)].replaceAll('`', '');
      assert.equal(await page.getByLabel(text, { exact: true }).count(), 1);
    }
    assert.equal(await page.locator('#key').getAttribute('type'), 'password');
    assert.equal(await page.getByRole('status').count(), 2);
  });
  await t.test('Tab goes through everything in its order', async () => {
    const order = [];
    for (let presses = 0; presses < 8; presses += 1) {
      await page.keyboard.press('Tab');
      order.push(
        await page.evaluate(() => {
          const { id, value } = /** @type {HTMLButtonElement} */ (document.activeElement);
          return id || value;
        }),
      );
    }
    assert.deepEqual(order, ['zh', 'en', 'example', 'clear', 'body', 'header', 'key', 'address']);
  });
  await t.test('nothing is wider than the screen', async () => {
    await page.getByRole('button', { name: WORDS.en.example }).click();
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  });
  await t.test('every text stands out from its ground', async () => {
    await page.fill('#address', 'http://other/');
    const low = await page.evaluate(() => {
      const numbers = (/** @type {string} */ color) => (color.match(/[\d.]+/g) ?? []).map(Number);
      const light = (/** @type {number[]} */ rgb) =>
        rgb
          .slice(0, 3)
          .map((part) => part / 255)
          .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
          .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
      const ground = (/** @type {Element | null} */ element) => {
        const layers = [];
        for (let at = element; at; at = at.parentElement) layers.unshift(numbers(getComputedStyle(at).backgroundColor));
        return layers.reduce(
          (under, [r, g, b, alpha = 1]) => [r, g, b].map((part, at) => part * alpha + under[at] * (1 - alpha)),
          [255, 255, 255],
        );
      };
      return [...document.querySelectorAll('main *')]
        .filter((element) => element.textContent?.trim())
        .flatMap((element) => {
          const [a, b] = [light(numbers(getComputedStyle(element).color)), light(ground(element))].sort(
            (x, y) => y - x,
          );
          const contrast = (a + 0.05) / (b + 0.05);
          return contrast < 4.5 ? [`${element.tagName} ${element.textContent}: ${contrast.toFixed(2)}`] : [];
        });
    });
    assert.deepEqual(low, []);
  });
});
