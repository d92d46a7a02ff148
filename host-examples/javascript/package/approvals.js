// Approvals that are awaited from before their tickets are made until their outcomes are there, whatever is lost, late or
// forged. Each step is stored before anything is done about it: so a crash loses nothing, and any process goes on.

import { setTimeout as sleep } from 'node:timers/promises';
import { callbacks, ItsmError, tracking } from './itsm.js';
import { oneLine } from './redact.js';

/** @import { Action, ApprovalRequest, ApprovalSettings, Event, Itsm, NewTicket, Operation, OperationStore, Outcome } from './index.js' */

/** A month: how long a binding holds. A ticket may wait that long. */
const BINDING_HOLDS_S = 30 * 24 * 3600;
/** How often `run` looks for what is due. */
const EVERY_MS = 1000;

/**
 * A ticket whose callback is bound to its operation.
 * @param {Pick<ApprovalSettings, 'callbackUrl' | 'keys'>} settings
 * @param {string} operationId
 * @param {ApprovalRequest} request
 * @returns {NewTicket}
 */
export function boundTicket({ callbackUrl, keys }, operationId, request) {
  const expiresS = nowS() + BINDING_HOLDS_S;
  const { header, tag } = callbacks.bind(keys[0], { operationId, callbackUrl, expiresS });
  const { decideWithinS: _, ...ticket } = request;
  return { fields: [], processors: [], ...ticket, tag, callback: { url: callbackUrl, headers: [header] } };
}

/**
 * @param {Itsm} itsm
 * @param {OperationStore} store
 * @param {ApprovalSettings} settings
 */
export function approvals(itsm, store, settings) {
  const log = (/** @type {string} */ line) => settings.log?.(oneLine(line));
  return { request, outcome, tick, run };

  /**
   * @param {ApprovalRequest} wanted
   * @param {string} operationId
   */
  async function request(wanted, operationId = itsm.tickets.newOperationId()) {
    const ticket = boundTicket(settings, operationId, wanted);
    const now = nowS();
    const decideByS = wanted.decideWithinS ? now + wanted.decideWithinS : undefined;
    const { recordJson, dueS, actions } = tracking.start(operationId, decideByS, now);
    const operation = { operationId, revision: 1, dueS, recordJson, ticket };
    if (!(await store.put(operation))) throw new Error(`${operationId} is an operation of this store already`);
    await follow(operation, actions);
    return operationId;
  }

  /**
   * @param {string} operationId
   * @param {Outcome} given
   */
  async function outcome(operationId, given) {
    await advance(operationId, { tag: 'confirmed', val: { tag: 'ended', val: given } });
    const operation = await store.get(operationId);
    if (!operation?.outcome) throw new Error('the ticket is not known yet: asking again later');
  }

  async function tick() {
    const now = nowS();
    // Another process may be faster.
    const isDue = (/** @type {Operation} */ { dueS }) => dueS !== undefined && dueS <= now;
    for (const operationId of await store.due(now)) {
      const ticked = advance(operationId, { tag: 'tick' }, {}, isDue);
      await ticked.catch((error) => log(`${operationId} waits on: ${error.message}`));
    }
  }

  /** @param {{ signal?: AbortSignal }} [options] */
  async function run({ signal } = {}) {
    while (!signal?.aborted) {
      await tick();
      await sleep(EVERY_MS, undefined, { signal }).catch(() => {});
    }
  }

  /**
   * Takes in what happened, and does what follows from it.
   * @param {string} operationId
   * @param {Event} event
   * @param {Partial<Operation>} changes
   * @param {(operation: Operation) => boolean} concerns whether it still matters
   */
  async function advance(operationId, event, changes = {}, concerns = () => true) {
    for (;;) {
      const known = await store.get(operationId);
      if (!known) throw new Error(`${operationId} is no operation of this store`);
      if (!concerns(known)) return;
      const { recordJson, dueS, actions } = tracking.advance(known.recordJson, event, nowS());
      const operation = { ...known, ...changes, recordJson, dueS, revision: known.revision + 1 };
      if (await store.put(operation)) {
        if (event.tag === 'created') log(`waiting for ${event.val.sn} (${event.val.ticketUrl})`);
        return follow(operation, actions);
      }
    }
  }

  /** @param {Operation} operation @param {Action[]} actions */
  async function follow(operation, actions) {
    for (const action of actions) {
      const event = await act(operation, action);
      if (event) await advance(operation.operationId, event);
    }
  }

  /**
   * @param {Operation} operation
   * @param {Action} action
   * @returns {Promise<Event | undefined>} what came of it
   */
  async function act({ operationId, ticket }, action) {
    const { tickets, operations, connection } = itsm;
    switch (action.tag) {
      case 'create': {
        const created = await attempt(tickets.create(connection, ticket));
        if (created instanceof ItsmError)
          return { tag: created.mayHaveActed ? 'maybe-created' : 'not-created', val: created };
        return { tag: 'created', val: created };
      }
      case 'recover': {
        const askedS = nowS();
        const recovery = await orLater(await attempt(tickets.recover(connection, ticket)));
        if (recovery?.tag === 'found') log(`found ${recovery.val.sn} (${recovery.val.ticketUrl})`);
        return recovery && { tag: 'recovered', val: { askedS, recovery } };
      }
      case 'confirm': {
        // A number of our own: no tag is asked for, so this also works where servers ignore tags.
        const confirmation = await orLater(await attempt(tickets.confirmOwn(connection, action.val)));
        return confirmation && { tag: 'confirmed', val: confirmation };
      }
      case 'withdraw': {
        // The callback comes inside this call, and is confirmed meanwhile.
        log(`nobody has decided in time: taking ${action.val} back`);
        const done = await attempt(
          operations.withdraw(connection, action.val, ticket.creator, 'nobody has decided in time'),
        );
        return done instanceof ItsmError ? { tag: 'not-withdrawn', val: done } : { tag: 'tick' };
      }
      case 'deliver':
        await settings.onOutcome(operationId, action.val, ticket);
        await advance(operationId, { tag: 'delivered' }, { outcome: action.val });
        return undefined;
      case 'report':
      case 'other':
        log(`a person has to look: ${action.val}`);
    }
  }

  /**
   * @template T
   * @param {T | ItsmError} answer
   * @returns {Promise<T | undefined>} nothing, where the question will be asked again
   */
  async function orLater(answer) {
    if (!(answer instanceof ItsmError)) return answer;
    log(`asking again later: ${answer.message}. ${itsm.diagnosis.describeFailure(answer, 'english')}`);
    return undefined;
  }
}

/**
 * Operations in a table of SQLite, by `node:sqlite` or `better-sqlite3`.
 * @param {any} database
 * @returns {OperationStore}
 */
export function sqliteStore(database) {
  database.exec(`
    CREATE TABLE IF NOT EXISTS itsm_operation
      (operation_id TEXT PRIMARY KEY, revision INTEGER NOT NULL, due_s INTEGER, content TEXT NOT NULL);
    CREATE INDEX IF NOT EXISTS itsm_operation_due ON itsm_operation (due_s)`);
  const get = database.prepare('SELECT content FROM itsm_operation WHERE operation_id = ?');
  const due = database.prepare('SELECT operation_id FROM itsm_operation WHERE due_s <= ? ORDER BY due_s');
  const insert = database.prepare('INSERT INTO itsm_operation VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
  const update = database.prepare(
    'UPDATE itsm_operation SET revision = ?, due_s = ?, content = ? WHERE operation_id = ? AND revision = ?',
  );
  return {
    get(operationId) {
      const row = get.get(operationId);
      return row && JSON.parse(row.content);
    },
    put(operation) {
      const { operationId, revision, dueS = null } = operation;
      const content = JSON.stringify(operation);
      const { changes } =
        revision === 1
          ? insert.run(operationId, revision, dueS, content)
          : update.run(revision, dueS, content, operationId, revision - 1);
      return Number(changes) === 1;
    },
    due: (now) => due.all(now).map((/** @type {any} */ row) => row.operation_id),
  };
}

/**
 * What a call answers, or the failure.
 * @template T
 * @param {Promise<T>} call
 * @returns {Promise<T | ItsmError>}
 */
function attempt(call) {
  return call.catch((error) => {
    if (error instanceof ItsmError) return error;
    throw error;
  });
}

function nowS() {
  return Math.floor(Date.now() / 1000);
}
