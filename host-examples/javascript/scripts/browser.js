// Chromium, for the page's tests and its picture.

import { existsSync } from 'node:fs';
import { chromium } from 'playwright-core';

const program = process.env.CHROMIUM ?? '/usr/bin/chromium';

export async function startBrowser() {
  if (!existsSync(program)) {
    throw new Error('chromium is missing: run `apt-get install chromium`, or set CHROMIUM to the program');
  }
  return chromium.launch({
    executablePath: program,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
