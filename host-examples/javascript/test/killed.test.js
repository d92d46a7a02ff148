import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fakeItsm, itsmAt, KEY, SECRET } from './set-up.js';
import { sqliteAt } from './stores.js';

const program = fileURLToPath(new URL('killed-process.js', import.meta.url));
const TIMES = 2;
/** Ten minutes must go by until it is known that a ticket which can't be found was never made. */
const STEP_MS = 20_000;
const fake = await fakeItsm();
const itsm = itsmAt(fake.gateway);
const folder = await mkdtemp(join(tmpdir(), 'itsm-killed-'));
after(() => rm(folder, { recursive: true }));

/** One approval in a database of its own. @param {string} title */
function awaited(title) {
  const [database, outcomes] = [join(folder, `${title}.db`), join(folder, `${title}.txt`)];
  const operationId = itsm.tickets.newOperationId();

  /**
   * Runs the process to its end, or until it kills itself.
   * @param {number} endsAt
   * @param {string} how
   * @param {number} stepMs
   */
  async function run(endsAt = 0, how = 'after', stepMs = 0) {
    const values = [database, outcomes, operationId, title, endsAt, how, stepMs].map(String);
    const child = spawn(process.execPath, ['--no-warnings', program, ...values], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: {
        ...process.env,
        ITSM_GATEWAY: fake.gateway,
        ITSM_APP_CODE: 'app',
        ITSM_APP_SECRET: SECRET,
        // Nobody listens there: all callbacks are lost, and what is lost is asked for.
        ITSM_CALLBACK_URL: 'http://127.0.0.1:9/itsm/callback',
        ITSM_BINDING_KEYS: KEY,
      },
    });
    const ended = once(child, 'exit');
    const out = await text(/** @type {import('node:stream').Readable} */ (child.stdout));
    const [code, signal] = await ended;
    return { code, signal, writes: Number(out) };
  }
  const made = async () =>
    (await fake.get('tickets')).filter((/** @type {any} */ ticket) => ticket.title === title).length;
  /** Approves the ticket as soon as there is one. */
  async function approved() {
    const { sn } = await fake.until('tickets', (ticket) => ticket.title === title && ticket.started);
    await fake.post('approve', { sn, who: 'admin' });
  }
  const outcome = async () => (await (await sqliteAt(database)).get(operationId))?.outcome?.verdict;
  const delivered = async () => (await readFile(outcomes, 'utf8')).trim().split('\n');
  return { run, made, approved, outcome, delivered, operationId };
}

const whole = awaited('whole');
const [{ writes }] = await Promise.all([whole.run(), whole.approved()]);

test('a process that is killed at any of its writes loses no approval and doubles none', async (t) => {
  assert.ok(writes >= 4 && writes < 10, `${writes} writes`);
  for (let endsAt = 1; endsAt <= writes; endsAt += 1) {
    for (const how of ['before', 'after']) {
      await t.test(`${how} write ${endsAt} of ${writes}, ${TIMES} times`, async () => {
        await Promise.all(
          Array.from({ length: TIMES }, async (_, time) => {
            const approval = awaited(`killed ${how} ${endsAt}, ${time}`);
            const approving = approval.approved();
            assert.equal((await approval.run(endsAt, how)).signal, 'SIGKILL');
            assert.equal((await approval.run(0, 'after', STEP_MS)).code, 0);
            await approving;
            assert.deepEqual([await approval.made(), await approval.outcome()], [1, 'approved']);
            assert.deepEqual(new Set(await approval.delivered()), new Set([`${approval.operationId} approved`]));
          }),
        );
      });
    }
  }
});
