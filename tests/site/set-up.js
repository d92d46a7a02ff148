// The fake site, the gate that waits at it, and the browser.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

/** The program `itsm`, which `cargo xtask test site` builds. */
const ITSM = process.env.ITSM ?? '';
assert.ok(existsSync(ITSM), 'run this as `cargo xtask test site`, which says where the program itsm is');

/** @param {string[]} flags */
export async function startSite(...flags) {
  const site = spawn(ITSM, ['fake', '--port', '0', '--json', ...flags], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface(site.stdout), 'line');
  const { url, gateway } = JSON.parse(line);
  return { url, gateway, stop: () => site.kill() };
}

/**
 * A gate at the site, with its events as they come.
 * @param {{ gateway: string }} site
 * @param {string[]} flags
 * @param {Record<string, string>} settings
 */
export function startGate(site, flags, settings = {}) {
  const gate = spawn(ITSM, ['gate', '--json', ...flags], {
    env: {
      ITSM_GATEWAY: site.gateway,
      ITSM_APP_CODE: 'demo',
      ITSM_APP_SECRET: 'canary-of-the-app-secret',
      ITSM_OPERATOR: 'carol',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  /** @type {any[]} */
  const events = [];
  const lines = createInterface(gate.stdout);
  lines.on('line', (line) => events.push(JSON.parse(line)));
  const ended = once(gate, 'close').then(([code]) => code);
  /** @param {string} name */
  const event = async (name) => {
    for (;;) {
      const found = events.find((event) => event.event === name);
      if (found) return found;
      assert.equal(gate.exitCode, null, `the gate ended before ${name}: ${JSON.stringify(events)}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
  };
  return { event, events, ended };
}

export async function startBrowser() {
  const program = process.env.CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(program)) {
    throw new Error('chromium is missing: run `apt-get install chromium`, or set CHROMIUM to the program');
  }
  return chromium.launch({
    executablePath: program,
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
  });
}
