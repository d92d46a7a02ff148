// Records a terminal session for the documentation: commands that really run, and their lines when they came.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ITSM = process.env.ITSM ?? '';
const SITE = 'http://127.0.0.1:8790';
/** So long a person types or reads. */
const PAUSE_MS = 1_200;
const SETTINGS = { ITSM_GATEWAY: `${SITE}/api/bk-itsm/prod`, ITSM_APP_CODE: 'demo', ITSM_OPERATOR: 'carol' };

/** @type {{ at: number, text: string, kind: 'command' | 'output' | 'note' }[]} */
const lines = [];
const start = Date.now();
let skipped = 0;

/** @param {string} text @param {'command' | 'output' | 'note'} kind */
function write(text, kind = 'output') {
  lines.push({ at: Date.now() - start + skipped, text, kind });
}

/** @param {string} text @param {string[]} words @param {(line: string) => unknown} [heard] */
async function run(text, words, heard) {
  skipped += PAUSE_MS;
  write(`$ ${text}`, 'command');
  const env = { ...SETTINGS, ITSM_APP_SECRET: 'demo', TERM: 'dumb' };
  const program = spawn(ITSM, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(program.stdout)) {
    write(line);
    await heard?.(line);
  }
  const [code] = program.exitCode === null ? await once(program, 'close') : [program.exitCode];
  return code;
}

write('$ itsm fake &', 'command');
const site = spawn(ITSM, ['fake'], { env: {}, stdio: ['ignore', 'pipe', 'inherit'] });
const opened = createInterface(site.stdout)[Symbol.asyncIterator]();
for (let line = await opened.next(); !line.value.startsWith('export'); line = await opened.next()) write(line.value);
skipped += PAUSE_MS;
write(`$ export ITSM_GATEWAY=${SETTINGS.ITSM_GATEWAY} ITSM_APP_CODE=demo ITSM_OPERATOR=carol`, 'command');
write('$ read -rs ITSM_APP_SECRET && export ITSM_APP_SECRET', 'command');

let sn = '';
const title = 'expand the cluster';
const passed = await run(
  `itsm gate --title "${title}" --approver admin --interval 1s && echo expanding`,
  ['gate', '--title', title, '--approver', 'admin', '--interval', '1s'],
  async (line) => {
    if (sn || !line.includes('admin')) return;
    sn = /REQ\d+/.exec(lines.map(({ text }) => text).join(' '))?.[0] ?? '';
    skipped += 2 * PAUSE_MS;
    write('  (admin presses the button on the page)', 'note');
    const body = new URLSearchParams({ user: 'admin', remark: 'go ahead' });
    await fetch(`${SITE}/tickets/${sn}/approve`, {
      method: 'POST',
      body,
      redirect: 'manual',
      headers: { origin: SITE },
    });
  },
);
if (passed === 0) write('expanding');
await run(`itsm explain ${sn}`, ['explain', sn]);
site.kill();

const [width, height, top] = [900, 19, 34];
/** @param {string} text */
const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
const row = (/** @type {typeof lines[number]} */ { at, text, kind }, /** @type {number} */ place) =>
  `<text class="${kind}" x="16" y="${top + place * height}" style="animation-delay:${(at / 1000).toFixed(1)}s">${escaped(text)}</text>`;
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top + lines.length * height}" role="img" aria-label="A terminal session">
<style>
rect { fill: #16181d }
text { font: 13px ui-monospace, Menlo, Consolas, monospace; fill: #d7dae0; white-space: pre; animation: come .1s both }
.command { fill: #fff; font-weight: bold }
.note { fill: #e5c07b; font-style: italic }
@keyframes come { from { opacity: 0 } to { opacity: 1 } }
@media (prefers-reduced-motion: reduce) { text { animation: none } }
</style>
<rect width="100%" height="100%" rx="8"/>
${lines.map(row).join('\n')}
</svg>
`;
writeFileSync(fileURLToPath(new URL('../../docs/session.svg', import.meta.url)), svg);
