import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fakeItsm, KEY, OLD_KEY, SECRET } from './set-up.js';

const fake = await fakeItsm();
const folder = await mkdtemp(join(tmpdir(), 'itsm-ask-'));
after(() => rm(folder, { recursive: true }));

/** A port that was free just now: the program has to be told one before it listens. */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  return port;
}

/**
 * Runs a program of this folder.
 * @param {string[]} command
 * @param {NodeJS.ProcessEnv} environment
 */
function run(command, environment = {}) {
  const [program, ...values] = command;
  const path = fileURLToPath(new URL(`../${program}`, import.meta.url));
  const child = spawn(process.execPath, [path, ...values], { env: { ...process.env, ...environment } });
  let [out, err] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    err += text;
  });
  const ended = once(child, 'close').then(([code]) => ({ code, out, err, last: out.trim().split('\n').at(-1) }));
  /** Waits until it has printed this. @param {RegExp} pattern */
  const printed = async (pattern) => {
    while (!pattern.test(out))
      await Promise.race([once(child.stdout, 'data'), ended.then(() => assert.match(out, pattern))]);
  };
  return { child, ended, printed };
}

/**
 * How to run the program for a ticket with this title, as often as wanted.
 * @param {string} title
 * @param {NodeJS.ProcessEnv} environment
 */
async function asking(title, environment = {}) {
  const listen = `127.0.0.1:${await freePort()}`;
  const record = join(folder, `${title}.json`);
  return {
    record,
    run: (name = title) =>
      run(['ask.js', 'carol', 'admin', name], {
        ITSM_GATEWAY: fake.gateway,
        ITSM_APP_CODE: 'app',
        ITSM_APP_SECRET: SECRET,
        ITSM_CALLBACK_URL: `http://${listen}/itsm/callback`,
        ITSM_BINDING_KEYS: `${KEY}, ${OLD_KEY}`,
        ITSM_RECORD: record,
        ITSM_LISTEN: listen,
        ...environment,
      }),
  };
}

/** @param {string} title */
function started(title, site = fake) {
  return site.until('tickets', (ticket) => ticket.title === title && ticket.started);
}

test('the program exits with 0 only for an approval', async (t) => {
  const cases = [
    { verb: 'approve', who: 'admin', verdict: 'approved', code: 0 },
    { verb: 'refuse', who: 'admin', verdict: 'rejected', code: 1 },
    { verb: 'withdraw', who: 'carol', verdict: 'withdrawn', code: 1 },
    { verb: 'terminate', who: 'admin', verdict: 'terminated', code: 1 },
  ];
  for (const { verb, who, verdict, code } of cases) {
    await t.test(verdict, async () => {
      const { record, run } = await asking(verb);
      const running = run();
      const { sn } = await started(verb);
      await fake.post(verb, { sn, who });
      const ran = await running.ended;
      assert.deepEqual({ code: ran.code, last: ran.last, err: ran.err }, { code, last: verdict, err: '' });
      assert.equal((await fake.calledBack(sn)).delivered, true);
      const {
        ticket: { tag },
      } = JSON.parse(await readFile(record, 'utf8'));
      for (const secret of [SECRET, KEY, tag]) assert.ok(!ran.out.includes(secret));
    });
  }
});

test('a ticket that is not made is reported, and never made in silence', async (t) => {
  await t.test('when asking again will not help, the program ends', async () => {
    const { run } = await asking(' ');
    const ran = await run().ended;
    assert.deepEqual([ran.code, ran.last], [1, 'no verdict']);
    assert.match(ran.out, /a person has to look: .*ticket\.title/);
  });
  await t.test('when somebody can fix it, the program waits for that', async () => {
    const { run } = await asking('never made', { ITSM_APP_SECRET: 'wrong' });
    const { child, ended, printed } = run();
    await printed(/a person has to look: .*secret/);
    child.kill('SIGKILL');
    await ended;
  });
  const titles = (await fake.get('tickets')).map((/** @type {any} */ { title }) => title);
  assert.deepEqual(
    titles.filter((/** @type {string} */ title) => [' ', 'never made'].includes(title)),
    [],
  );
});

test('a ticket whose answer is lost is found, and awaited', async () => {
  await fake.post('fault', { action: 'create_ticket', fault: 'drop-after-executing', times: 1 });
  const { run } = await asking('lost');
  const running = run();
  const { sn } = await started('lost');
  await fake.post('approve', { sn, who: 'admin' });
  assert.equal((await running.ended).code, 0);
  assert.equal((await fake.get('tickets')).filter((/** @type {any} */ { title }) => title === 'lost').length, 1);
});

test('a program that was killed goes on when it is run again, and asks for what it has missed', async (t) => {
  const cases = [
    { what: 'where tags are stored', site: fake },
    { what: 'where tags are ignored', site: await fakeItsm('--tags', 'ignored') },
  ];
  for (const { what, site } of cases) {
    await t.test(what, async () => {
      const { record, run } = await asking(what, { ITSM_GATEWAY: site.gateway });
      const killed = run();
      await killed.printed(/waiting for/);
      const { sn } = await started(what, site);
      killed.child.kill('SIGKILL');
      await killed.ended;
      assert.equal((await stat(record)).mode & 0o777, 0o600);
      await site.post('approve', { sn, who: 'admin' });
      assert.equal((await site.calledBack(sn)).delivered, false);

      // The second time there is nothing left to ask.
      for (const _ of ['missed', 'settled']) {
        const ran = await run().ended;
        assert.deepEqual([ran.code, ran.last], [0, 'approved'], ran.out);
      }
      const other = await run('another title').ended;
      assert.deepEqual([other.code, other.err], [2, `${record} keeps another operation: ${what}\n`]);
    });
  }
});

test('without a decision in time the ticket is taken back, and the verdict is what ITSM says', async () => {
  const { run } = await asking('undecided', { ITSM_DECIDE_WITHIN_S: '3' });
  const ran = await run().ended;
  assert.deepEqual([ran.code, ran.last], [1, 'withdrawn'], ran.out);
});

test('a setting that is missing is named', async () => {
  const { run } = await asking('never asked', { ITSM_BINDING_KEYS: '' });
  const { code, out, err } = await run().ended;
  const why = 'ITSM_CALLBACK_URL is set, and ITSM_BINDING_KEYS is not: without a key no callback can be bound\n';
  assert.deepEqual({ code, out, err }, { code: 2, out: '', err: why });
});

test('the demo ends well', async () => {
  const ran = await run(['demo.js']).ended;
  assert.equal(ran.code, 0, ran.err);
  assert.match(ran.out, /6 of 6 verdicts are as expected\n$/);
});
