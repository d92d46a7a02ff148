// One approval, awaited from before its ticket is made until its outcome is there, whatever is lost, late or forged.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { callbacks, ItsmError, tracking } from './itsm.js';
import { oneLine } from './package/redact.js';

/** @import { Itsm } from './itsm.js' */
/** @import { Settings } from './endpoint.js' */
/** @import { NewTicket } from './itsm.js' */
/** @import { Verdict } from './itsm.js' */
/** @import { Action, Event, Step } from './itsm.js' */

/** @typedef {{ creator: string, approver: string, title: string }} What */
/**
 * What is kept of an operation. The ticket holds its tag, which is a secret.
 * @typedef {{ operationId: string, what: What, ticket: NewTicket, recordJson?: string, verdict?: Verdict }} Kept
 */

/** A month: how long a binding holds. A ticket may wait that long. */
const BINDING_HOLDS_S = 30 * 24 * 3600;

/**
 * A ticket of ITSM's built-in kind, whose callback is bound to its operation.
 *
 * @param {Settings} settings
 * @param {string} operationId from `tickets.newOperationId`: it names the operation, to everybody
 * @param {What} what
 * @returns {NewTicket} to be stored before it is created: by its tag it is found when the answer is lost
 */
export function newTicket({ callbackUrl, bindingKeys }, operationId, { creator, approver, title }) {
  const { header, tag } = callbacks.bind(bindingKeys[0], {
    operationId,
    callbackUrl,
    expiresS: nowS() + BINDING_HOLDS_S,
  });
  return {
    tag,
    service: { tag: 'fast-approval', val: { approvers: [approver], content: title } },
    creator,
    title,
    fields: [],
    processors: [],
    callback: { url: callbackUrl, headers: [header] },
  };
}

/**
 * An operation whose record is in a file. Each step is in the file before anything is done about it, so a crash
 * loses nothing: the next start goes on from there.
 */
export class Approval {
  /** Ends when nothing is left to wait for. Without a verdict a person has to look. @type {Promise<void>} */
  settled;

  #itsm;
  #file;
  #kept;
  #log;
  #settle = () => {};
  /** @type {(why: unknown) => void} */
  #fail = () => {};
  /** @type {NodeJS.Timeout | undefined} */
  #timer;

  /**
   * @param {Itsm} itsm
   * @param {string} file
   * @param {Kept} kept what `Approval.kept` read, or a new operation
   * @param {(line: string) => void} write takes a line for people about each thing that happens
   */
  constructor(itsm, file, kept, write) {
    this.#itsm = itsm;
    this.#file = file;
    this.#kept = kept;
    this.#log = (/** @type {string} */ line) => write(oneLine(line));
    this.settled = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
    });
  }

  /**
   * What an earlier run has left in a file.
   * @param {string} file
   * @returns {Kept | undefined}
   */
  static kept(file) {
    try {
      return JSON.parse(readFileSync(file, 'utf8'));
    } catch (/** @type {any} */ error) {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** The verdict, once it is in the file. */
  get verdict() {
    return this.#kept.verdict;
  }

  /**
   * Creates the ticket, or goes on from where the last run has stopped.
   * @param {number} [decideWithinS] after so many seconds the ticket is taken back, unless there is a decision
   */
  async run(decideWithinS) {
    const { operationId, recordJson } = this.#kept;
    if (recordJson) return this.take({ tag: 'tick' });
    const now = nowS();
    const decideByS = decideWithinS ? now + decideWithinS : undefined;
    await this.#follow(this.#stored(tracking.start(operationId, decideByS, now)));
  }

  /**
   * Takes in what happened, and does what follows from it.
   * @param {Event} event
   */
  async take(event) {
    const step = this.#stored(tracking.advance(this.#kept.recordJson ?? '', event, nowS()));
    if (event.tag === 'created') this.#log(`waiting for ${event.val.sn} (${event.val.ticketUrl})`);
    await this.#follow(step);
  }

  /** @param {Step} step */
  #stored(step) {
    this.#keep({ recordJson: step.recordJson });
    return step;
  }

  /** @param {Step} step */
  async #follow({ actions, dueS }) {
    clearTimeout(this.#timer);
    if (dueS !== undefined) {
      this.#timer = setTimeout(() => this.take({ tag: 'tick' }).catch(this.#fail), (dueS - nowS()) * 1000);
    }
    for (const action of actions) {
      const event = await this.#do(action);
      if (event) await this.take(event);
    }
    if (dueS === undefined) this.#settle();
  }

  /**
   * @param {Action} action
   * @returns {Promise<Event | undefined>} what came of it
   */
  async #do(action) {
    const { tickets, operations, connection } = this.#itsm;
    const { ticket } = this.#kept;
    switch (action.tag) {
      case 'create': {
        const created = await attempt(tickets.create(connection, ticket));
        if (created instanceof ItsmError)
          return { tag: created.mayHaveActed ? 'maybe-created' : 'not-created', val: created };
        return { tag: 'created', val: created };
      }
      case 'recover': {
        const askedS = nowS();
        const recovery = await this.#orLater(await attempt(tickets.recover(connection, ticket)));
        if (recovery?.tag === 'found') this.#log(`found ${recovery.val.sn} (${recovery.val.ticketUrl})`);
        return recovery && { tag: 'recovered', val: { askedS, recovery } };
      }
      case 'confirm': {
        // A number of our own: no tag is asked for, so this also works where servers ignore tags.
        const confirmation = await this.#orLater(await attempt(tickets.confirmOwn(connection, action.val)));
        return confirmation && { tag: 'confirmed', val: confirmation };
      }
      case 'withdraw': {
        // The callback comes inside this call, and its way does not wait for it: see `Itsm`.
        this.#log(`nobody has decided in time: taking ${action.val} back`);
        const done = await attempt(
          operations.withdraw(connection, action.val, ticket.creator, 'nobody has decided in time'),
        );
        return done instanceof ItsmError ? { tag: 'not-withdrawn', val: done } : { tag: 'tick' };
      }
      case 'deliver':
        this.#keep({ verdict: action.val.verdict });
        return { tag: 'delivered' };
      case 'report':
      case 'other':
        this.#log(`a person has to look: ${action.val}`);
    }
  }

  /**
   * @template T
   * @param {T | ItsmError} answer
   * @returns {Promise<T | undefined>} nothing, where the question will be asked again
   */
  async #orLater(answer) {
    if (!(answer instanceof ItsmError)) return answer;
    this.#log(
      `asking again later: ${answer.message}. ${await this.#itsm.diagnosis.describeFailure(answer, 'english')}`,
    );
  }

  /** @param {Partial<Kept>} changes */
  #keep(changes) {
    this.#kept = { ...this.#kept, ...changes };
    // Nobody ever reads half of it, and nobody else reads the tag.
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.#kept), { mode: 0o600, flush: true });
    renameSync(`${this.#file}.new`, this.#file);
  }
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
