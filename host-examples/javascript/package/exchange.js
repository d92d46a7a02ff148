// One request and its answer.

/**
 * @typedef {object} Request
 * @property {string} method
 * @property {string} origin scheme, host and port
 * @property {string} path with the query
 * @property {[string, string][]} headers whose values are bytes, a character each
 */
/** @typedef {Uint8Array | AsyncIterable<Uint8Array> | undefined} Body */
/** @typedef {{ status: number, headers: [string, string][] }} Head */
/** @typedef {{ abort: () => void, resume: () => void }} Connection */
/**
 * The one way out. It takes the body's bytes only when they are about to be written to a connection, and tells the
 * exchange what comes of it: `opens`, `begins`, `receives`, and at last `ends` or `breaks`.
 * @typedef {(request: Request, body: Body, exchange: Exchange) => void} Send
 */

/** Pieces of a body that are taken before there is a connection. Such small ones come from who wants to know of it. */
const EARLY_PIECES = 2;
/** An answer is held back until it is whole, since each wait has a price, or until it is larger than what is read. */
const HELD_BACK = 17 * 1024 * 1024;

/** A call that is made again does something else than it did. */
export class Diverged extends Error {}

export class Exchange {
  /** Whether the body's bytes are asked for, as there is a connection. */
  connected = false;
  /** The answer's head. @type {Head | undefined} */
  head;
  /** Why there is no answer, or no more of it. @type {any} */
  failure;
  ended = false;

  #send;
  #request;
  /** @type {Connection | undefined} */
  #connection;
  #isAborted = false;
  /** @type {Set<() => void>} */
  #listeners = new Set();
  /** @type {Uint8Array[]} */
  #sent = [];
  #begun = false;
  #finished = false;
  /** The head of an answer that is held back. @type {Head | undefined} */
  #coming;
  /** @type {Uint8Array[]} */
  #received = [];
  #length = 0;
  #isPaused = false;

  /** @param {Request} request @param {Send} send */
  constructor(request, send) {
    this.#request = request;
    this.#send = send;
  }

  /** Whether a request is this one. @param {Request} request */
  is(request) {
    return JSON.stringify(request) === JSON.stringify(this.#request);
  }

  /**
   * Takes a piece of the body. One that is given again, by the next instance of a call, is only compared.
   * @param {number} at
   * @param {Uint8Array} bytes
   */
  take(at, bytes) {
    if (at === this.#sent.length && !this.#finished) this.#sent.push(bytes);
    const known = this.#sent[at];
    if (!known || Buffer.compare(known, bytes) !== 0) throw new Diverged('the call sends another body than before');
  }

  /** Whether more of the body is taken now. If not, that is asked of the network. */
  hasRoom() {
    if (this.#sent.length < EARLY_PIECES || this.connected) return true;
    if (!this.#begun) this.#begin(this.#later());
    return this.connected;
  }

  /** The body is whole. */
  finish() {
    if (this.#finished) return;
    this.#finished = true;
    if (this.#begun) this.#changed();
    else this.#begin(this.#sent.length ? this.#body() : undefined);
  }

  get isAnswered() {
    return this.head !== undefined || this.failure !== undefined;
  }

  /**
   * Up to so many bytes of the answer's body. Nothing, if more has to come first.
   * @param {number} most
   * @returns {Uint8Array | undefined}
   */
  read(most) {
    const [first] = this.#received;
    if (!first) return undefined;
    if (first.length > most) this.#received[0] = first.subarray(most);
    else this.#received.shift();
    this.#length -= Math.min(first.length, most);
    if (this.#isPaused && this.#length <= HELD_BACK) {
      this.#isPaused = false;
      this.#connection?.resume();
    }
    return first.subarray(0, most);
  }

  get isReadable() {
    return this.#received.length > 0 || this.ended || this.failure !== undefined;
  }

  /** Calls back at each change, until the returned function is called. @param {() => void} listener */
  subscribe(listener) {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Lets go of the connection, if it is still in use. */
  abort() {
    if (!this.#begun || this.ended) return;
    this.#isAborted = true;
    this.#connection?.abort();
    this.#changed();
  }

  /** There is a connection, to which the request is about to be written. @param {Connection} connection */
  opens(connection) {
    this.#connection = connection;
    if (this.#isAborted) connection.abort();
  }

  /** The answer's head has come. @param {Head} head */
  begins(head) {
    this.#coming = head;
  }

  /**
   * More of the answer's body has come. Returns whether the next may come too: if not, the connection will be resumed.
   * @param {Uint8Array} bytes
   */
  receives(bytes) {
    this.#received.push(bytes);
    this.#length += bytes.length;
    this.#isPaused = this.#length > HELD_BACK;
    if (this.#isPaused) this.#show();
    return !this.#isPaused;
  }

  /** The answer is whole. */
  ends() {
    this.ended = true;
    this.#show();
  }

  /** No more comes. @param {{ code: string, cause?: unknown }} failure */
  breaks(failure) {
    this.failure = failure;
    this.#show();
  }

  /** @param {Body} body */
  #begin(body) {
    this.#begun = true;
    this.#send(this.#request, body, this);
  }

  #show() {
    this.head = this.#coming;
    this.#changed();
  }

  /** The body, once it is whole: its first byte leaves when its last is known. */
  async *#later() {
    if (this.connected) throw new Error('a request is sent once');
    this.connected = true;
    this.#changed();
    await this.#until(() => this.#finished);
    yield this.#body();
  }

  #body() {
    return this.#sent.length === 1 ? this.#sent[0] : Buffer.concat(this.#sent);
  }

  /** @param {() => boolean} holds @returns {Promise<void>} */
  #until(holds) {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!holds() && !this.#isAborted) return;
        undo();
        if (holds()) resolve();
        else reject(new Error('nobody waits for it any more'));
      };
      const undo = this.subscribe(look);
      look();
    });
  }

  #changed() {
    for (const listener of [...this.#listeners]) listener();
  }
}
