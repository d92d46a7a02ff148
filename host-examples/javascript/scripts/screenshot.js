// Takes the picture of the page for the documentation. A Chinese font has to be installed.

import { fileURLToPath } from 'node:url';
import { startBrowser } from './browser.js';
import { servePage } from './page.js';

const { url, server } = await servePage();
const browser = await startBrowser();
// Three quarters of the size keep the file small.
const page = await browser.newPage({ viewport: { width: 960, height: 800 }, deviceScaleFactor: 0.75, locale: 'en' });
await page.goto(url);
await page.click('#example');
await page.mouse.move(0, 0);
const path = fileURLToPath(new URL('../../../docs/callback-page.png', import.meta.url));
await page.screenshot({ path, fullPage: true });
await browser.close();
server.close();
