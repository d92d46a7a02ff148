// Takes the pictures of the fake site for the documentation. A Chinese font has to be installed.

import { fileURLToPath } from 'node:url';
import { startBrowser, startGate, startSite } from './set-up.js';

const site = await startSite('--flows', 'two-levels');
const gate = startGate(site, ['--title', '扩容生产集群 expand the cluster', '--service', '1001', '--timeout', '2s']);
const { sn } = await gate.event('created');
await gate.ended;
const browser = await startBrowser();
const pictures = [
  { name: 'site-en', locale: 'en', colorScheme: 'light', width: 1000 },
  { name: 'site-zh-dark', locale: 'zh-CN', colorScheme: 'dark', width: 1000 },
  { name: 'site-phone', locale: 'zh-CN', colorScheme: 'light', width: 390 },
];
for (const { name, locale, colorScheme, width } of pictures) {
  const context = await browser.newContext({
    locale,
    colorScheme: /** @type {'light' | 'dark'} */ (colorScheme),
    viewport: { width, height: 800 },
    // Three quarters of the size keep the files small.
    deviceScaleFactor: 0.75,
  });
  const page = await context.newPage();
  await page.goto(`${site.url}/tickets/${sn}`);
  await page.screenshot({ path: fileURLToPath(new URL(`../../docs/${name}.png`, import.meta.url)) });
  await context.close();
}
await browser.close();
site.stop();
