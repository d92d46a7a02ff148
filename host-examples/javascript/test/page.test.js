import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
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

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const NOW_S = Math.floor(Date.now() / 1000);
const KEY = `itsm-key.t.${'0f'.repeat(32)}`;
const OTHER_KEY = `itsm-key.u.${'0f'.repeat(32)}`;
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

const HEADER_LABEL = WORDS.en.headerLabel.replaceAll('`', '');

/** @param {string} key @param {number} expiresS */
function bound(key = KEY, expiresS = NOW_S + 3600) {
  return callbacks.bind(key, { operationId: OPERATION, callbackUrl: ADDRESS, expiresS: BigInt(expiresS) });
}

/**
 * A page of its own in a browser whose user reads this language, and the requests that it makes.
 * @param {string} locale
 * @param {{ width: number, height: number }} viewport
 */
async function open(locale = 'en', viewport = { width: 1000, height: 800 }, start = url) {
  const context = await browser.newContext({ locale, viewport });
  const page = await context.newPage();
  /** @type {string[]} */
  const requests = [];
  /** @type {string[]} */
  const errors = [];
  context.on('request', (request) => requests.push(request.url()));
  page.on('pageerror', (error) => errors.push(error.message));
  await page.goto(start);
  await page.waitForSelector('main:not([hidden])');
  return { page, requests, errors, context };
}

/** @param {Page} page @param {string} label @param {string} value */
function fill(page, label, value) {
  return page.getByLabel(label, { exact: true }).fill(value);
}

/** A text as the page shows it. @param {keyof typeof WORDS.en} text @param {string} [value] */
function words(text, value = '') {
  return WORDS.en[text].replaceAll('`', '').replace('{0}', value);
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
    { what: 'running', body: { current_status: 'RUNNING' }, result: WORDS.en.open },
    { what: 'suspended', body: { current_status: 'SUSPENDED', approve_result: false }, result: WORDS.en.open },
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
    { what: 'a key of another id', header: good, key: OTHER_KEY, result: 'unknownKey' },
    { what: 'no key', header: good, key: 'secret', result: 'invalidKey', value: '1' },
    { what: 'keys with commas', header: good, key: `${OTHER_KEY}, ${KEY}`, result: 'bound', operation: true },
    { what: 'keys in lines', header: good, key: `${OTHER_KEY}\n${KEY}\n`, result: 'bound', operation: true },
    { what: 'one of two that is no key', header: good, key: `${KEY},secret`, result: 'invalidKey', value: '2' },
    { what: 'not to be checked without an address', header: good, address: ' ', result: 'needAddress' },
    { what: 'another address', header: good, address: `${ADDRESS}/`, result: 'forged' },
    { what: 'twice', header: `X-Itsm-Binding: ${good}\nX-Itsm-Binding: ${good}`, result: 'malformedHeader' },
    { what: 'of another form', header: 'junk', result: 'malformedHeader' },
    { what: 'absent', header: 'Host: cmdb.example.com', result: 'absent' },
    { what: 'absent, which no key can change', header: '{"host": "a"}', key: '', address: '', result: 'absent' },
    { what: 'nothing, to which a key says nothing', header: ' ', result: 'nothing' },
    { what: 'not to be read', header: 'see the log', result: 'unreadableHeaders' },
    { what: 'not to be checked without a key', header: good, key: '', result: 'needKey' },
  ];
  for (const { what, header, key = KEY, address = ADDRESS, result, value, operation = false } of cases) {
    await t.test(what, async () => {
      await fill(page, HEADER_LABEL, header);
      await fill(page, WORDS.en.keyLabel, key);
      await fill(page, WORDS.en.addressLabel, address);
      const text = words(/** @type {keyof typeof WORDS.en} */ (result), value);
      assert.equal(await shown(page, '#header-result'), text);
      assert.equal((await page.locator('#claims').innerText()).includes(OPERATION), operation);
      assert.ok(!(await page.content()).includes(tag));
    });
  }
  await t.test('keys in lines, whose ends a browser drops', async () => {
    await page.fill('#header', good);
    await page.fill('#address', ADDRESS);
    await page.locator('#key').evaluate((input, keys) => {
      /** @type {HTMLInputElement} */ (input).value = keys;
      input.dispatchEvent(new Event('input'));
    }, `${OTHER_KEY}\n${KEY}`);
    assert.equal(await page.inputValue('#key'), OTHER_KEY + KEY);
    assert.equal(await shown(page, '#header-result'), WORDS.en.bound);
  });
  await t.test('an address that is none is told from a header that is none', async () => {
    await fill(page, HEADER_LABEL, good);
    await fill(page, WORDS.en.keyLabel, KEY);
    await fill(page, WORDS.en.addressLabel, 'https://例.example.com/');
    assert.match(await shown(page, '#header-result'), /^This is no callback address\. .*“?the callback address/);
  });
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

test('a request is read from one field, whichever it is', async (t) => {
  const { page, errors } = await open();
  const request = curl();
  for (const field of /** @type {const} */ (['body', 'header'])) {
    await t.test(field, async () => {
      await page.click('#clear');
      await page.fill(`#${field}`, request);
      assert.equal(await shown(page, '#body-result'), WORDS.en.approved);
      assert.equal(await shown(page, '#header-result'), WORDS.en.needKey);
      await page.fill('#key', KEY);
      assert.equal(await shown(page, '#header-result'), WORDS.en.bound);
      assert.equal(await shown(page, '#verdict'), words('verdictBound', OPERATION));
      const other = page.locator(field === 'body' ? '#header' : '#body');
      assert.equal(await other.getAttribute('placeholder'), WORDS.en.foundInOther);
    });
  }
  await t.test('a text in which not all is found', async () => {
    await page.click('#clear');
    await page.fill('#header', request.replace(JSON.stringify(BODY), ''));
    assert.equal(await shown(page, '#body-result'), words('noBodyShown'));
    await page.fill('#body', request + request);
    assert.equal(await shown(page, '#body-result'), WORDS.en.several);
  });
  assert.deepEqual(errors, []);
});

/** What curl shows of a callback, with the body that somebody put behind the blank line. */
function curl(host = 'cmdb.example.com', header = bound().header[1]) {
  return `> POST /itsm/callback HTTP/1.1\n> Host: ${host}\n> X-Itsm-Binding: ${header}\n>\n${JSON.stringify(BODY)}
< HTTP/1.1 200 OK\n<\n{"code": 0}\n`;
}

test('the address of a request is a guess until somebody enters one', async (t) => {
  const { page, errors } = await open();
  /** @type {{ what: string, steps: [string, string][], address: string, guessed: boolean }[]} */
  const cases = [
    { what: 'guessed', steps: [['#body', curl()]], address: ADDRESS, guessed: true },
    {
      what: 'guessed anew from the next request',
      steps: [
        ['#header', curl('a')],
        ['#header', curl('b')],
      ],
      address: 'https://b/itsm/callback',
      guessed: true,
    },
    {
      what: 'gone with the request',
      steps: [
        ['#header', curl()],
        ['#header', ''],
      ],
      address: '',
      guessed: false,
    },
    {
      what: 'entered before',
      steps: [
        ['#address', 'http://a/'],
        ['#body', curl()],
      ],
      address: 'http://a/',
      guessed: false,
    },
    {
      what: 'corrected',
      steps: [
        ['#body', curl()],
        ['#address', 'http://a/'],
        ['#header', curl()],
      ],
      address: 'http://a/',
      guessed: false,
    },
    {
      what: 'removed by hand',
      steps: [
        ['#body', curl()],
        ['#address', ''],
      ],
      address: '',
      guessed: false,
    },
  ];
  for (const { what, steps, address, guessed } of cases) {
    await t.test(what, async () => {
      await page.click('#clear');
      for (const [selector, value] of steps) await page.fill(selector, value);
      assert.equal(await page.inputValue('#address'), address);
      assert.equal(await shown(page, '#address-hint'), words(guessed ? 'addressGuessed' : 'addressHint'));
    });
  }
  await t.test('a header that does not hold for a guess is not called forged', async () => {
    await page.click('#clear');
    await page.fill('#body', curl('other.example.com'));
    await page.fill('#key', KEY);
    assert.equal(await shown(page, '#header-result'), WORDS.en.forgedGuess);
    assert.equal(await shown(page, '#verdict'), WORDS.en.verdictGuess);
    await page.fill('#address', `${ADDRESS}/`);
    assert.equal(await shown(page, '#header-result'), WORDS.en.forged);
  });
  assert.deepEqual(errors, []);
});

test('the verdict comes first, and says what is proven and what to do next', async (t) => {
  const { page, errors } = await open();
  const body = JSON.stringify(BODY);
  const [, good] = bound().header;
  const old = bound(KEY, NOW_S - 1).header[1];
  /** @type {{ body?: string, header?: string, key?: string, address?: string, verdict: keyof typeof WORDS.en, kind: string }[]} */
  const cases = [
    { verdict: 'verdictNothing', kind: 'empty' },
    { body, verdict: 'verdictBody', kind: 'empty' },
    { body: '{}', verdict: 'verdictNoCallback', kind: 'no' },
    { body: curl() + curl(), verdict: 'verdictPaste', kind: 'empty' },
    { body, header: 'see the log', verdict: 'verdictPaste', kind: 'empty' },
    { body, header: good, key: '', verdict: 'verdictEnter', kind: 'empty' },
    { body, header: good, address: '', verdict: 'verdictEnter', kind: 'empty' },
    { body, header: good, key: 'secret', verdict: 'verdictEnter', kind: 'empty' },
    { body, header: 'Host: a', verdict: 'verdictAbsent', kind: 'no' },
    { body, header: 'junk', verdict: 'verdictMalformed', kind: 'no' },
    { body, header: good, key: OTHER_KEY, verdict: 'verdictUnknownKey', kind: 'no' },
    { body, header: good, address: 'http://a/', verdict: 'verdictForged', kind: 'no' },
    { body, header: old, verdict: 'verdictExpired', kind: 'no' },
    { header: good, verdict: 'verdictBoundAlone', kind: 'empty' },
    { body: '{}', header: good, verdict: 'verdictBoundNoCallback', kind: 'no' },
    { body: body.replace(BODY.sn, 'ITSM-SELF-CHECK'), header: good, verdict: 'verdictSelfCheck', kind: 'yes' },
    { body, header: good, verdict: 'verdictBound', kind: 'yes' },
  ];
  for (const { body = '', header = '', key = KEY, address = ADDRESS, verdict, kind } of cases) {
    await t.test(verdict, async () => {
      await page.fill('#body', body);
      await page.fill('#header', header);
      await page.fill('#key', key);
      await page.fill('#address', address);
      assert.equal(await shown(page, '#verdict'), words(verdict, OPERATION));
      assert.equal(await page.locator('#verdict').getAttribute('class'), kind);
    });
  }
  const tops = await page
    .locator('[role=status]')
    .evaluateAll((results) => results.map((result) => result.getBoundingClientRect().top));
  assert.equal(tops[0], Math.min(...tops));
  await page.locator('#next').scrollIntoViewIfNeeded();
  assert.ok(await page.locator('#verdict').evaluate((verdict) => verdict.getBoundingClientRect().top >= 0));
  assert.deepEqual(errors, []);
});

test('what is unchanged is not read out again', async () => {
  const { page } = await open();
  await page.click('#example');
  await page.evaluate(() => {
    const spoken = /** @type {string[]} */ ([]);
    Object.assign(window, { spoken });
    for (const result of document.querySelectorAll('[role=status]')) {
      new MutationObserver(() => spoken.push(result.id)).observe(result, { childList: true, subtree: true });
    }
  });
  await page.locator('#body').press('End');
  await page.locator('#body').press('Space');
  assert.deepEqual(await page.evaluate('spoken'), []);
  await page.fill('#address', '');
  assert.deepEqual(await page.evaluate('spoken'), ['verdict', 'header-result']);
});

test('the approval result of a ticket that did not finish is neither a yes nor a no', async (t) => {
  const cases = [
    { locale: 'en', status: 'FINISHED', told: 'Approval result false Last' },
    {
      locale: 'en',
      status: 'REVOKED',
      told: 'Approval result false: neither a yes nor a no, as the status is not FINISHED',
    },
    { locale: 'zh-CN', status: 'FINISHED', told: '审批结果 未通过（false）' },
    { locale: 'zh-CN', status: 'REVOKED', told: '审批结果 false（状态不是 FINISHED，此值既不表示通过，也不表示拒绝）' },
    { locale: 'zh-CN', status: 'RUNNING', told: '审批结果 false（状态不是 FINISHED，此值既不表示通过，也不表示拒绝）' },
  ];
  for (const { locale, status, told } of cases) {
    await t.test(`${locale} ${status}`, async () => {
      const { page } = await open(locale);
      await page.fill('#body', JSON.stringify({ ...BODY, current_status: status, approve_result: false }));
      const list = await shown(page, '#callback');
      assert.ok(list.includes(told), list);
    });
  }
});

test('a link fills the fields, but never that of the key', async (t) => {
  const body = JSON.stringify({ ...BODY, title: '50% + 1 & #2' });
  const [, header] = bound().header;
  /** @type {{ what: string, given: Record<string, string>, fields?: string[], language?: string }[]} */
  const cases = [
    { what: 'all', given: { body, header, address: ADDRESS }, fields: [body, header, '', ADDRESS] },
    { what: 'the key', given: { body, key: KEY, keys: KEY }, fields: [body, '', '', ''] },
    { what: 'a request', given: { header: curl() }, fields: ['', curl(), '', ADDRESS] },
    { what: 'the language', given: { lang: 'zh' }, language: 'zh-CN' },
    { what: 'a language that is not there', given: { lang: 'de' } },
    {
      what: 'markup',
      given: { body: '<img src=x>', header: '<img src=x>' },
      fields: ['<img src=x>', '<img src=x>', '', ''],
    },
    { what: 'something else', given: { other: '1' } },
  ];
  for (const { what, given, fields = ['', '', '', ''], language = 'en' } of cases) {
    await t.test(what, async () => {
      const { page, requests, errors, context } = await open(
        'en',
        undefined,
        `${url}?a=1#${new URLSearchParams(given)}`,
      );
      await assertFields(page, fields);
      assert.equal(await page.locator('html').getAttribute('lang'), language);
      assert.equal(await page.evaluate('location.href'), `${url}?a=1`);
      assert.equal(await page.evaluate('history.length'), 2);
      assert.ok(requests.every((request) => !request.includes('REQ2026')));
      assert.equal(await page.locator('main img').count(), 0);
      assert.deepEqual(errors, []);
      await context.close();
    });
  }
  await t.test('another link in the same page replaces all but the key', async () => {
    const { page } = await open('en', undefined, `${url}#${new URLSearchParams({ body, header, address: ADDRESS })}`);
    await page.fill('#key', KEY);
    assert.equal(await shown(page, '#verdict'), words('verdictBound', OPERATION));
    await page.evaluate((body) => {
      location.hash = new URLSearchParams({ body, key: 'canary' }).toString();
      return new Promise((resolve) => {
        addEventListener('hashchange', resolve, { once: true });
      });
    }, body);
    assert.equal(page.url(), url);
    await assertFields(page, [body, '', KEY, '']);
    assert.equal(await shown(page, '#verdict'), WORDS.en.verdictBody);
  });
});

/** @param {Page} page @param {string[]} expected */
async function assertFields(page, expected) {
  const fields = page.locator('textarea, input');
  assert.deepEqual(
    await fields.evaluateAll((inputs) => inputs.map((input) => /** @type {HTMLInputElement} */ (input).value)),
    expected,
  );
}

test('the page can be served at any path', async () => {
  const { url, server } = await servePage('/itsm/callback-page/');
  after(() => server.close());
  const { page, requests, errors } = await open('en', undefined, `${url}#${new URLSearchParams({ body: '{}' })}`);
  assert.equal(await shown(page, '#verdict'), words('verdictNoCallback'));
  assert.ok(requests.every((request) => request.startsWith(url)));
  assert.deepEqual(errors, []);
});

test('axe finds nothing and nothing is too wide, whatever is shown', async (t) => {
  const long = 'x'.repeat(8000);
  const callback = { ...BODY, title: long, ticket_url: `http://a/${long}`, updated_by: `,${long},` };
  /** @type {Record<string, Record<string, string>>} */
  const states = {
    nothing: {},
    'a callback with a header that holds': { body: JSON.stringify(BODY), header: bound().header[1], address: ADDRESS },
    'long values': { body: JSON.stringify(callback), header: 'z'.repeat(3000), address: `http://${'a'.repeat(2000)}/` },
    'a long number': { body: JSON.stringify({ ...BODY, sn: long }), header: bound().header[1], address: ADDRESS },
    'a guess': { body: curl('a'.repeat(500)) },
    'a fault': { body: `{"${long}":1,"${long}":1}`, header: 'see the log' },
  };
  for (const locale of ['en', 'zh-CN']) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      for (const width of [360, 1100]) {
        await t.test(`${locale}, ${colorScheme}, ${width}`, async () => {
          const context = await browser.newContext({ locale, colorScheme, viewport: { width, height: 800 } });
          const page = await context.newPage();
          await page.goto(url);
          // The page's own policy lets no script in: this one comes from the browser.
          await page.evaluate(AXE);
          for (const [what, given] of Object.entries(states)) {
            await page.click('#clear');
            for (const [field, value] of Object.entries(given)) await page.fill(`#${field}`, value);
            if (given.address) await page.fill('#key', KEY);
            const { violations } = await page.evaluate('axe.run()');
            assert.deepEqual(
              violations.map((/** @type {any} */ { id, nodes }) => [
                id,
                nodes.map((/** @type {any} */ node) => node.html),
              ]),
              [],
              what,
            );
            assert.equal(await page.evaluate('document.documentElement.scrollWidth'), width, what);
            const heights = await page
              .locator('dd, [role=status], #next')
              .evaluateAll((places) => places.map((place) => place.clientHeight));
            assert.ok(Math.max(...heights) < 320, `${what}: ${heights}`);
          }
          const ground = await page.evaluate('getComputedStyle(document.body).backgroundColor');
          const isDark = Number(/\d+/.exec(ground)?.[0]) < 128;
          assert.equal(isDark, colorScheme === 'dark');
          await context.close();
        });
      }
    }
  }
});

test('a long value can be scrolled by keyboard', async () => {
  const { page } = await open();
  await page.fill('#body', JSON.stringify({ ...BODY, title: 'x'.repeat(8000) }));
  const value = page.getByRole('group', { name: WORDS.en.ticketTitle, exact: true });
  assert.equal(await value.innerText(), 'x'.repeat(8000));
  await page.locator('#body').press('Tab');
  const scrolls = value.evaluate(
    (element) =>
      new Promise((resolve) => {
        element.addEventListener('scroll', () => resolve(true), { once: true });
        setTimeout(() => resolve(false), 5000);
      }),
  );
  await page.keyboard.press('End');
  assert.ok(await scrolls);
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
  const texts = await page.locator('[data-text], #verdict, #body-result, #header-result, #next').allInnerTexts();
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
  await assertFields(page, ['', '', '', '']);
});

test('the page can be used by keyboard, with a screen reader and on a phone', async (t) => {
  const { page } = await open('en', { width: 320, height: 640 });
  await t.test('each field has a label, and the key is hidden', async () => {
    for (const label of ['bodyLabel', 'headerLabel', 'keyLabel', 'addressLabel']) {
      const text = WORDS.en[/** @type {keyof typeof WORDS.en} */ (label)].replaceAll('`', '');
      assert.equal(await page.getByLabel(text, { exact: true }).count(), 1);
    }
    assert.equal(await page.locator('#key').getAttribute('type'), 'password');
    assert.equal(await page.getByRole('status').count(), 3);
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
