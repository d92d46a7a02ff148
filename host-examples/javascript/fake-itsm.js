// The fake ITSM as a child process, for the demo and the tests.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const program = process.env.FAKE_ITSM ?? fileURLToPath(new URL('../../target/debug/fake-itsm', import.meta.url));

/** @param {string[]} options of its command line */
export async function startFakeItsm(...options) {
  if (!existsSync(program)) {
    throw new Error('the fake ITSM is missing: run `cargo build --bin fake-itsm`, or set FAKE_ITSM to the program');
  }
  const child = spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'] });
  process.on('exit', () => child.kill());
  const [line] = await once(createInterface(child.stdout), 'line');
  const url = line.split(' ').at(-1);

  return {
    url,
    gateway: `${url}/api/bk-itsm/prod`,
    /**
     * Does what people do: `approve`, `refuse`, `fault`.
     * @param {string} verb
     * @param {object} what
     */
    async post(verb, what) {
      const answer = await fetch(`${url}/fake/${verb}`, { method: 'POST', body: JSON.stringify(what) });
      if (!answer.ok) throw new Error(`the fake ITSM: ${await answer.text()}`);
    },
    /**
     * What is there: `tickets`, `callbacks`, `exchanges`, `token`.
     * @param {string} what
     */
    async get(what) {
      return (await fetch(`${url}/fake/${what}`)).json();
    },
    /**
     * Waits until the ticket's flow has started.
     * @param {string} sn
     */
    async started(sn) {
      await this.until('tickets', (ticket) => ticket.sn === sn && ticket.started);
    },
    /**
     * Waits until ITSM has called back for the ticket, and says how that went.
     * @param {string} sn
     */
    calledBack(sn) {
      return this.until('callbacks', (sent) => sent.sn === sn);
    },
    /**
     * Where an operation's callback goes, with which headers: as the request that made its ticket says.
     * @param {string} operationId
     */
    async metaOf(operationId) {
      const created = (await this.get('exchanges')).find((/** @type {any} */ seen) => seen.body.includes(operationId));
      return JSON.parse(created.body).meta;
    },
    /**
     * The headers of an operation's callback.
     * @param {string} operationId
     */
    async headersOf(operationId) {
      return (await this.metaOf(operationId)).headers;
    },
    /**
     * What another app can do that has seen an operation's header: it makes a ticket of its own, with all that can be
     * seen of the operation, and approves it. Gives that ticket's number.
     * @param {import('./itsm.js').Itsm} itsm
     * @param {string} operationId
     */
    async steal(itsm, operationId) {
      const { callback_url: url, headers } = await this.metaOf(operationId);
      const { sn } = await itsm.tickets.create(itsm.connection, {
        tag: operationId,
        service: { tag: 'fast-approval', val: { approvers: ['mallory'], content: 'mine' } },
        creator: 'mallory',
        title: 'mine',
        fields: [],
        processors: [],
        callback: { url, headers: Object.entries(headers) },
      });
      await this.started(sn);
      await this.post('approve', { sn, who: 'mallory' });
      return sn;
    },
    /**
     * @param {string} what
     * @param {(item: any) => boolean} holds
     */
    async until(what, holds) {
      // A minute at least: it is for a defect to fail, and for a slow machine to pass.
      for (let tries = 0; tries < 6000; tries += 1) {
        const found = (await this.get(what)).find(holds);
        if (found) return found;
        await sleep(10);
      }
      throw new Error(`the fake ITSM never had such ${what}`);
    },
    stop() {
      child.kill();
    },
  };
}
