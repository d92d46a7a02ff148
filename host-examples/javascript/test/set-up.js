// A fake ITSM, a host's endpoint on a free port, and what the endpoint handed over and logged.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after } from 'node:test';
import { startFakeItsm } from '../fake-itsm.js';
import { boundTicket, endpoint, Itsm } from '../itsm.js';

/** @import { Endpoint, NewTicket, Outcome } from '../itsm.js' */

export const SECRET = 'canary-of-the-app-secret';
export const KEY = `itsm-key.t.${'0f'.repeat(32)}`;
export const OLD_KEY = `itsm-key.s.${'f0'.repeat(32)}`;
export const AUTHORIZATION = { bk_app_code: 'app', bk_app_secret: SECRET };

/** A fake ITSM that wants these credentials, for as long as the test file runs. @param {string[]} options more of them */
export async function fakeItsm(...options) {
  const fake = await startFakeItsm('--credentials', `app:${SECRET}`, ...options);
  after(() => fake.stop());
  return fake;
}

/**
 * What an Itsm is made of.
 * @param {string} gateway
 * @returns {[Endpoint, Record<string, string>]}
 */
export function itsmOptions(gateway) {
  return [{ tag: 'gateway', val: gateway }, AUTHORIZATION];
}

/** @param {string} gateway */
export function itsmAt(gateway) {
  const itsm = new Itsm(...itsmOptions(gateway));
  after(() => itsm.close());
  return itsm;
}

/**
 * @param {(operationId: string, outcome: Outcome) => void} [handOver]
 * @param {string[]} options of the fake ITSM
 */
export async function setUp(handOver = () => {}, ...options) {
  const fake = await fakeItsm(...options);
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  const callbackUrl = `http://127.0.0.1:${port}/itsm/callback`;
  /** @type {{ operationId: string, sn: string, verdict: string }[]} */
  const handed = [];
  /** @type {string[]} */
  const logged = [];
  /** Of the tickets made here. @type {string[]} */
  const tags = [];
  const settings = { callbackUrl, keys: [KEY], log: (/** @type {string} */ line) => logged.push(line) };
  const itsm = itsmAt(fake.gateway);
  const listener = endpoint(itsm, settings, (operationId, outcome) => {
    handOver(operationId, outcome);
    handed.push({ operationId, sn: outcome.ticket.sn, verdict: outcome.verdict });
  });
  server.on('request', listener);

  return {
    fake,
    itsm,
    settings,
    handed,
    logged,
    tags,
    /**
     * Makes a ticket, and waits until its flow has started.
     * @param {Partial<NewTicket>} changes of the built-in approval
     */
    async ticket(changes = {}) {
      const operationId = itsm.tickets.newOperationId();
      const service = { tag: /** @type {const} */ ('fast-approval'), val: { approvers: ['admin'], content: '扩容' } };
      const wanted = { service, creator: 'carol', title: '扩容' };
      const ticket = { ...boundTicket(settings, operationId, wanted), ...changes };
      tags.push(ticket.tag);
      const { sn } = await itsm.tickets.create(itsm.connection, ticket);
      await fake.started(sn);
      return { operationId, sn };
    },
    /**
     * Posts to the endpoint as anybody can; gives the answer's code.
     * @param {import('node:http').OutgoingHttpHeaders} headers one with several values is sent as often
     * @param {string} body
     */
    async post(headers, body) {
      const posted = request(settings.callbackUrl, { method: 'POST', headers }).end(body);
      const [answer] = await once(posted, 'response');
      assert.equal(answer.statusCode, 200);
      assert.equal(answer.headers['content-type'], 'application/json');
      return JSON.parse(await text(answer)).code;
    },
  };
}
