import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { KEY, SECRET, fakeItsm } from './set-up.js';

const fake = await fakeItsm();

/** A port that was free just now: the gate has to be told one before it listens. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  return port;
}

/**
 * Runs a program of this folder; gives its exit code and what it printed.
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} environment
 */
function run(command, environment = {}) {
  const [program, ...words] = command;
  const path = fileURLToPath(new URL(`../${program}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...words], { env: { ...process.env, ...environment } });
  return Promise.all([once(child, 'exit'), text(child.stdout), text(child.stderr)])
    .then(([[code], out, err]) => ({ code, out, err }));
}

/**
 * Runs the gate for a ticket with this title.
 * @param {string} title
 * @param {NodeJS.ProcessEnv} environment
 */
async function gate(title, environment = {}) {
  const listen = `127.0.0.1:${await freePort()}`;
  return run(['gate.js', 'carol', 'admin', title], {
    ITSM_GATEWAY: fake.gateway,
    ITSM_APP_CODE: 'app',
    ITSM_APP_SECRET: SECRET,
    ITSM_CALLBACK_URL: `http://${listen}/itsm/callback`,
    ITSM_BINDING_KEY: KEY,
    ITSM_LISTEN: listen,
    ...environment,
  });
}

test('the gate exits with 0 only for an approval', async (t) => {
  const cases = [
    { verb: 'approve', who: 'admin', verdict: 'approved', code: 0 },
    { verb: 'refuse', who: 'admin', verdict: 'rejected', code: 1 },
    { verb: 'withdraw', who: 'carol', verdict: 'withdrawn', code: 1 },
    { verb: 'terminate', who: 'admin', verdict: 'terminated', code: 1 },
  ];
  for (const { verb, who, verdict, code } of cases) {
    await t.test(verdict, async () => {
      const running = gate(verb);
      const { sn } = await fake.until('tickets', (ticket) => ticket.title === verb && ticket.started);
      await fake.post(verb, { sn, who });
      const ran = await running;
      assert.deepEqual({ code: ran.code, last: ran.out.trim().split('\n').at(-1), err: ran.err }, { code, last: verdict, err: '' });
      assert.equal((await fake.calledBack(sn)).delivered, true);
      assert.ok(!ran.out.includes(SECRET) && !ran.out.includes(KEY));
    });
  }
});

test('a ticket that could not be made ends the gate with what to do', async (t) => {
  await t.test('wrong credentials', async () => {
    const ran = await gate('never made', { ITSM_APP_SECRET: 'wrong' });
    assert.equal(ran.code, 1);
    assert.match(ran.err, /\(fix-credentials\)\. ITSM made no ticket\.\n$/);
  });
  await t.test('an answer that is lost', async () => {
    await fake.post('fault', { action: 'create_ticket', fault: 'drop-after-executing', times: 1 });
    const ran = await gate('lost');
    assert.equal(ran.code, 1);
    const { tag } = await fake.until('tickets', (ticket) => ticket.title === 'lost');
    assert.ok(ran.err.endsWith(`(look-up). ITSM may have made the ticket: look for the tag ${tag}.\n`), ran.err);
  });
});

test('a setting that is missing is named', async () => {
  const ran = await gate('never made', { ITSM_BINDING_KEY: '' });
  assert.deepEqual(ran, { code: 2, out: '', err: 'ITSM_BINDING_KEY is not set\n' });
});

test('the demo ends well', async () => {
  const ran = await run(['demo.js']);
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /4 of 4 verdicts are as expected\n$/);
});
