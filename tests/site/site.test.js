// A person's way over the pages of the fake site, and what axe finds on them.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { after, test } from 'node:test';
import { startBrowser, startGate, startSite } from './set-up.js';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

const browser = await startBrowser();
after(() => browser.close());

/** A port that nobody holds. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => {
    server.once('listening', resolve);
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  await new Promise((resolve) => {
    server.close(resolve);
  });
  return port;
}

test('a gate waits, somebody approves on the page, and the callback is accepted', async () => {
  const site = await startSite();
  after(site.stop);
  const address = `127.0.0.1:${await freePort()}`;
  const gate = startGate(site, ['--title', 'expand the cluster', '--approver', 'admin', '--interval', '1h'], {
    ITSM_LISTEN: address,
    ITSM_CALLBACK_URL: `http://${address}/itsm/callback`,
    ITSM_BINDING_KEYS: `itsm-key.t.${'0f'.repeat(32)}`,
  });
  const { sn, ticket_url: ticketUrl } = await gate.event('created');
  const page = await browser.newPage({ locale: 'en' });
  await page.goto(site.url);
  await page.getByRole('link', { name: sn }).click();
  assert.equal(page.url(), ticketUrl, 'the number leads where the address of the ticket does');
  await page.locator('#do-approve:enabled').waitFor();
  await page.locator('#remark').fill('go ahead');
  await page.locator('#do-approve').click();
  assert.equal(await gate.ended, 0);
  const { verdict, decisions } = await gate.event('ended');
  assert.equal(verdict, 'approved');
  assert.equal(decisions[0].remark, 'go ahead');
  assert.ok(gate.events.some(({ event }) => event === 'callback'));
  await page.reload();
  assert.match(await page.locator('#callbacks').innerText(), /accepted/i);

  await page.getByRole('link', { name: 'What does this callback prove?' }).click();
  await page.getByText('It claims that the ticket was approved.').first().waitFor();
  assert.equal(new URL(page.url()).pathname, '/reader/');
  assert.match(await page.locator('#callback').innerText(), new RegExp(sn));

  await page.goto(`${site.url}/requests`);
  const requests = await page.locator('main').innerText();
  assert.match(requests, /create_ticket/);
  assert.ok(!requests.includes('canary'), requests);
  await page.close();
});

test('requests appear while the page is open', async () => {
  const site = await startSite('--fault', 'create_ticket=drop-after-executing');
  after(site.stop);
  const page = await browser.newPage({ locale: 'en' });
  await page.goto(`${site.url}/requests`);
  const gate = startGate(site, ['--title', 't', '--approver', 'admin', '--timeout', '1s']);
  await page.getByText('create_ticket').first().waitFor();
  await page.getByText('drop-after-executing').first().waitFor();
  assert.equal(await gate.ended, 20, 'the lost answer made no second ticket');
  await page.close();
});

test('axe finds nothing, in both languages, light and dark, on a desktop and on a phone', async (t) => {
  const site = await startSite('--flows', 'parallel');
  after(site.stop);
  const gate = startGate(site, ['--title', 'x'.repeat(100), '--service', '1001', '--timeout', '1s']);
  const { sn } = await gate.event('created');
  await gate.ended;
  for (const locale of ['en', 'zh-CN']) {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      for (const width of [360, 1100]) {
        await t.test(`${locale}, ${colorScheme}, ${width}`, async () => {
          const context = await browser.newContext({ locale, colorScheme, viewport: { width, height: 800 } });
          const page = await context.newPage();
          for (const path of ['/', `/tickets/${sn}`, '/failed', '/requests', '/faults', '/tickets/NOPE']) {
            await page.goto(site.url + path);
            // The page's own policy lets no script in: this one comes from the browser.
            await page.evaluate(AXE);
            const { violations } = await page.evaluate('axe.run()');
            assert.deepEqual(
              violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]),
              [],
              path,
            );
            const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth');
            assert.equal(wide, false, `${path} scrolls sideways`);
          }
          await context.close();
        });
      }
    }
  }
});
