// The component is the oracle: whatever goes in and comes out is the same by the package and by the component itself,
// for generated values of every type.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { callbacks, Itsm, ItsmError, tracking } from '../itsm.js';
import { Call } from '../package/call.js';
import { shower } from '../package/redact.js';
import { interfaces, types } from '../package/table.js';
import { answering } from './answering.js';
import { componentIn, transpiled } from './component.js';
import { AUTHORIZATION, fakeItsm } from './set-up.js';

/** @import { Row } from '../package/abi.js' */
/** @import { Answer } from './answering.js' */

const SEED = 20261126;
const CALLS_EACH = Number(process.env.CALLS_EACH ?? 60);
const ORIGIN = 'http://itsm.example.com';

/** A generator of numbers below one, from a seed: mulberry32. @param {number} seed */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Values that mean something where they stand. @type {Record<string, string[]>} */
const NAMED = {
  sn: ['REQ20261124000101', 'REQ20261124000058'],
  sns: ['REQ20261124000101', 'REQ20261124000058'],
  tag: ['k7w2hq4mzx3n6vbr5tjd8ycpfa'],
  operationId: ['k7w2hq4mzx3n6vbr5tjd8ycpfa', 'op1'],
  callbackUrl: ['https://gate.example.com/itsm/callback'],
  url: ['https://gate.example.com/itsm/callback'],
  key: [`itsm-key.t.${'0f'.repeat(32)}`, 'title', 'A'],
  keys: [`itsm-key.t.${'0f'.repeat(32)}`],
  extraJson: ['{"a":1}', '{"meta":{"x":"y"}}'],
  json: ['{}', '[1]'],
  serviceJson: ['{"id":3,"name":"a"}'],
  catalogJson: ['{"name":"a"}'],
  name: ['管理员审批'],
  status: ['FINISHED', 'RUNNING', 'REVOKED', 'TERMINATED'],
};
const TEXTS = ['', 'admin', 'carol', '审批 😀', 'a\u0000b', '\u{10ffff}\uffff', '"\\\n\t', 'x'.repeat(300), '{"sn":1}'];

const random = generator(SEED);
const pick = (/** @type {any[]} */ items) => items[Math.floor(random() * items.length)];
const records = new Map();
/** Whether the values of a call are to be such as ITSM takes. */
let isCareful = false;

/** A value of a type. @param {any} type @param {string} name of what holds it @returns {any} */
function value(type, name) {
  if (type === 'string') {
    if (name === 'recordJson' && records.size > 0) return pick([...records.values()]);
    if (isCareful) return NAMED[name]?.[0] ?? 'admin';
    return NAMED[name] && random() < 0.8 ? pick(NAMED[name]) : pick(TEXTS);
  }
  if (type === 'bool') return random() < 0.5;
  if (isCareful && type === 'types.header') return ['X-Itsm-Binding', header(2 ** 40)];
  if (type === 'types.connection')
    return isCareful || random() < 0.9 ? connection() : value(types['types.connection'], name);
  if (type === 'types.header' && random() < 0.5) return ['X-Itsm-Binding', pick([header(1), 'junk', 'v1.t.a.1.00'])];
  if (typeof type === 'string') {
    const bits = /^[us](\d+)$/.exec(type)?.[1];
    if (!bits) return value(/** @type {any} */ (types)[type], name);
    // What is added to it must be a number that JavaScript holds too.
    const most = Math.min(2 ** Number(bits) - 1, 2 ** 52);
    return isCareful
      ? pick([1, 2])
      : pick([0, 1, 2, Math.floor(random() * 100), most, type === 's64' ? -most : most - 1]);
  }
  const [[kind, of]] = Object.entries(type);
  const length = isCareful ? (name === 'processors' ? 0 : 1) : Math.floor(random() * 4);
  const some = (/** @type {any} */ item) => Array.from({ length }, () => value(item, name));
  switch (kind) {
    case 'list':
      return of === 'u8' ? bytes() : some(of);
    case 'option':
      return random() < (isCareful ? 0.9 : 0.5) ? undefined : value(of, name);
    case 'tuple':
      return of.map((/** @type {any} */ item) => value(item, name));
    case 'enum':
      return pick(of);
    case 'record':
      return Object.fromEntries(of.map((/** @type {[string, any]} */ [member, held]) => [member, value(held, member)]));
    default: {
      // A ticket that has ended, or one that was made, leads further than most.
      const likely = of.filter((/** @type {[string]} */ [tag]) => ['created', 'confirmed', 'ended'].includes(tag));
      const [tag, held] = pick(isCareful && likely.length && random() < 0.7 ? likely : of);
      return held === undefined ? { tag } : { tag, val: value(held, tag) };
    }
  }
}

function connection() {
  const app = { appCode: 'app', appSecret: 'secret', user: value({ option: 'types.user' }, 'user') };
  const authorization = random() < 0.7 ? { tag: 'added-by-host' } : { tag: 'app', val: app };
  const endpoint = { tag: pick(['gateway', 'esb']), val: `${ORIGIN}/api/bk-itsm/prod` };
  return { endpoint, authorization, headers: [], deadlineMs: 600_000 };
}

/** @param {number} expiresS */
function header(expiresS) {
  const claims = { operationId: pick(NAMED.operationId), callbackUrl: NAMED.callbackUrl[0], expiresS };
  return callbacks.bind(NAMED.keys[0], claims).header[1];
}

/** A body, sometimes a little broken. */
function bytes() {
  const body = Buffer.from(pick(bodies));
  if (!isCareful && body.length > 0 && random() < 0.3)
    body[Math.floor(random() * body.length)] = Math.floor(random() * 256);
  return new Uint8Array(body);
}

/** Recorded answers of real servers, by the action. @type {Map<string, { status: number, content_type: string, body: string }[]>} */
const answers = new Map();
/** Recorded bodies of callbacks. @type {string[]} */
const bodies = ['', '{}', '{"sn":"ITSM-SELF-CHECK","current_status":"FINISHED","approve_result":false}'];
const fixtures = new URL('../../../tests/fixtures/', import.meta.url);
for (const file of await readdir(fixtures)) {
  if (['stories.jsonl', 'exchanges.jsonl', 'others.jsonl'].includes(file)) continue;
  for (const line of (await readFile(new URL(file, fixtures), 'utf8')).split('\n').filter((line) => line !== '')) {
    const { answer, body } = JSON.parse(line);
    if (body !== undefined) bodies.push(body);
    // Whoever asks too much is asked to wait, and then the two would have to wait for the same time.
    if (answer && answer.status < 429) {
      const action = file.replace('.jsonl', '');
      answers.set(action, [...(answers.get(action) ?? []), answer]);
    }
  }
}

// A ticket that has ended leads furthest.
const found = answers.get('get_tickets') ?? [];
const ended = found.filter(({ body }) => body.includes('"FINISHED"') && body.includes('"count":1,'));
answers.set('get_tickets', [...found, ...Array.from({ length: 10 }, () => ended).flat()]);
/** What a callback address says. */
answers.set(
  'callback',
  [
    [200, '{"code":0}'],
    [200, '{"code":1,"message":"no"}'],
    [200, '{"result":true}'],
    [200, 'accepted'],
    [302, ''],
    [404, 'nothing'],
  ].map(([status, body]) => ({ status: Number(status), content_type: 'application/json', body: String(body) })),
);

/** What the server answers, to one as to the other. @param {number} seed of the call */
function server(seed) {
  const choose = generator(seed);
  /** @type {(asked: { path: string, body: string }) => Answer} */
  return ({ path, body }) => {
    const action = path.split('?')[0].split('/').filter(Boolean).at(-1) ?? '';
    const known = answers.get(action) ?? answers.get('get_tickets') ?? [];
    const { status, content_type, body: text } = known[Math.floor(choose() * known.length)];
    // Most answers are to be about the ticket that was asked for.
    const asked = /REQ\d{14}/.exec(path + body)?.[0];
    const about = asked && choose() < 0.8 ? text.replaceAll(/REQ\d{14}/g, asked) : text;
    return { status, headers: [['content-type', content_type]], body: about };
  };
}

/** A value of either, as JSON has it. @param {any} given */
function plain(given) {
  return JSON.parse(
    JSON.stringify(given ?? null, (_, item) => {
      if (typeof item === 'bigint') return Number(item);
      return ArrayBuffer.isView(item) ? Array.from(/** @type {any} */ (item), Number) : item;
    }),
  );
}

/** What jco takes for a value of ours: it wants big integers. @param {any} type @param {any} given @returns {any} */
function jco(type, given) {
  if (given === undefined) return undefined;
  if (type === 'u64' || type === 's64') return BigInt(given);
  if (typeof type === 'string') return type in types ? jco(/** @type {any} */ (types)[type], given) : given;
  const [[kind, of]] = Object.entries(type);
  switch (kind) {
    case 'list':
      if (of === 'u64') return BigUint64Array.from(given, BigInt);
      if (of === 's64') return BigInt64Array.from(given, BigInt);
      return of === 'u8' ? given : given.map((/** @type {any} */ item) => jco(of, item));
    case 'option':
      return jco(of, given);
    case 'tuple':
      return given.map((/** @type {any} */ item, /** @type {number} */ at) => jco(of[at], item));
    case 'record':
      return Object.fromEntries(of.map((/** @type {[string, any]} */ [name, held]) => [name, jco(held, given[name])]));
    case 'variant': {
      const [, held] = of.find((/** @type {[string]} */ [tag]) => tag === given.tag);
      return held === undefined ? given : { tag: given.tag, val: jco(held, given.val) };
    }
    default:
      return given;
  }
}

test('the package and the component give the same values, and send the same requests', async (t) => {
  const clock = { ns: 10n ** 12n };
  let seed = 0;
  let respond = server(seed);
  let chance = generator(seed);
  const next = () => (BigInt(Math.floor(chance() * 2 ** 32)) << 32n) | BigInt(Math.floor(chance() * 2 ** 32));
  /** @type {any[]} */
  let requests = [];
  const component = await componentIn({
    clock,
    random: () => next(),
    respond(request) {
      requests.push(request);
      return /** @type {any} */ (respond(request));
    },
  });
  const dispatcher = answering((request) => {
    requests.push({ ...request, headers: request.headers.filter(([, sent]) => sent !== '{}') });
    return respond(request);
  });
  const itsm = new Itsm({ tag: 'gateway', val: ORIGIN }, {}, { dispatcher, allow: NAMED.url });
  // Time stands still but for pauses, which are over at once; and chance is the same for both.
  const { now, instant } = Call.prototype;
  const { getRandomValues } = crypto;
  Call.prototype.now = () => clock.ns;
  Call.prototype.instant = (at) => ({
    ready: () => clock.ns >= at,
    subscribe(listener) {
      const timer = setTimeout(() => {
        clock.ns = at;
        listener();
      }, 30);
      return () => clearTimeout(timer);
    },
  });
  crypto.getRandomValues = (array) => {
    /** @type {any} */ (array)[0] = next();
    return array;
  };
  t.after(() => {
    Object.assign(Call.prototype, { now, instant });
    crypto.getRandomValues = getRandomValues;
  });
  const shown = shower({}, '{}');

  /** What a call gives, and what it sends. @param {() => any} call */
  async function outcome(call) {
    clock.ns = 10n ** 12n;
    requests = [];
    [respond, chance] = [server(seed), generator(seed)];
    const ended = await (async () => call())().then(
      (given) => ({ given: plain(given) }),
      (error) => {
        const payload = error instanceof ItsmError ? error.payload : error?.payload;
        if (payload === undefined) throw error;
        return { failed: plain(payload) };
      },
    );
    return { ...ended, requests };
  }

  const ours = /** @type {any} */ ({ callbacks, tracking, ...itsm });
  const counts = { calls: 0, results: 0, failures: 0, requests: 0 };
  /** The types that came back, with their cases. */
  const seen = new Set();
  for (const [of, functions] of Object.entries(interfaces)) {
    for (const [name, { asks, params, result }] of /** @type {[string, Row][]} */ (Object.entries(functions))) {
      const isRich = ['advance', 'confirm', 'confirmOwn', 'reconcile', 'resolveProcessors'].includes(name);
      for (let times = 0; times < CALLS_EACH * (isRich ? 5 : 1); times += 1) {
        seed += 1;
        isCareful = random() < 0.6;
        const values = params.map(([param, type]) => value(type, param));
        const expected = await outcome(() =>
          component[of][name](...params.map(([, type], at) => jco(type, values[at]))),
        );
        const found = await outcome(() => ours[of][name](...values));
        // What speaks with a server may repeat what the host has added, so its texts are looked through.
        if (asks && 'failed' in expected) expected.failed = shown(expected.failed, true);
        if (asks && 'given' in expected) expected.given = shown(expected.given, false);
        assert.deepEqual(found, expected, `${of}.${name}, seed ${seed}: ${JSON.stringify(values).slice(0, 2000)}`);
        counts.calls += 1;
        counts.requests += expected.requests.length;
        counts['given' in expected ? 'results' : 'failures'] += 1;
        note(/** @type {any} */ (result), 'given' in expected ? expected.given : expected.failed, 'given' in expected);
        if (of === 'tracking' && 'given' in expected) records.set(records.size % 50, expected.given.recordJson);
      }
    }
  }
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.calls >= 2000 && counts.results > counts.calls / 4 && counts.failures > 500, JSON.stringify(counts));
  const wanted = Object.values(interfaces).flatMap((functions) => Object.values(functions).map(({ result }) => result));
  assert.deepEqual(
    Object.keys(types).filter((type) => reachable(wanted).has(type) && !seen.has(type)),
    [],
  );

  /** Takes down which types a value is made of. @param {any} type @param {any} given @param {boolean} isOk */
  function note(type, given, isOk = true) {
    if (type === null || given === null || given === undefined) return;
    if (typeof type === 'string') {
      if (!(type in types)) return;
      seen.add(type);
      return note(/** @type {any} */ (types)[type], given);
    }
    const [[kind, of]] = Object.entries(type);
    if (kind === 'result') return note(of[isOk ? 0 : 1], given);
    if (kind === 'option') return note(of, given);
    if (kind === 'list') for (const item of given) note(of, item);
    if (kind === 'record') for (const [name, held] of of) note(held, given[name]);
    if (kind === 'tuple') for (const [at, held] of of.entries()) note(held, given[at]);
    if (kind === 'variant') note(of.find((/** @type {[string]} */ [tag]) => tag === given.tag)[1] ?? null, given.val);
  }
});

/** The named types that values of some types hold. @param {any[]} from @returns {Set<string>} */
function reachable(from) {
  const found = new Set();
  const visit = (/** @type {any} */ type) => {
    if (type === null || type === undefined) return;
    if (typeof type === 'string') {
      if (!(type in types) || found.has(type)) return;
      found.add(type);
      return visit(/** @type {any} */ (types)[type]);
    }
    const [[kind, of]] = Object.entries(type);
    if (kind === 'list' || kind === 'option') return visit(of);
    if (kind === 'enum') return;
    for (const item of of) visit(kind === 'record' || kind === 'variant' ? item[1] : item);
  };
  for (const type of from) visit(type);
  return found;
}

test('the component works under jco as it is', async () => {
  const fake = await fakeItsm();
  const folder = await transpiled('jco');
  const call = `
    import { tickets } from ${JSON.stringify(new URL('itsm.js', folder).href)};
    const [gateway, code, secret] = process.argv.slice(1);
    const user = undefined;
    const authorization = { tag: 'app', val: { appCode: code, appSecret: secret, user } };
    const connection = { endpoint: { tag: 'gateway', val: gateway }, authorization, headers: [] };
    const service = { tag: 'fast-approval', val: { approvers: ['admin'], content: 'why' } };
    const ticket = { tag: tickets.newTag(), service, creator: 'carol', title: 't', fields: [], processors: [] };
    const { sn } = tickets.create(connection, ticket);
    console.log(tickets.confirm(connection, sn, ticket.tag).tag);
  `;
  const { bk_app_code, bk_app_secret } = AUTHORIZATION;
  // Its shim waits by a thread, within the call.
  const said = execFileSync(
    process.execPath,
    ['--input-type=module', '--eval', call, fake.gateway, bk_app_code, bk_app_secret],
    { encoding: 'utf8', cwd: fileURLToPath(new URL('..', import.meta.url)) },
  );
  assert.equal(said, 'open\n');
});
