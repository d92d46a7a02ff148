// One call of a function that asks ITSM: what it has sent, and what it was told of the world outside.
//
// An engine without JSPI can't wait within WebAssembly. There a call that has to wait is given up: it is told that all its
// deadlines have passed, and so comes to an end, which leaves its instance as good as before. When there is something to go
// on with, the call is made again. Whatever it was told of clock, chance and network is told again, in the same order: so
// it gets to the same place, and nothing is sent twice. If it does not get there, the call fails.

import { Diverged, Exchange } from './exchange.js';

/** @import { Request, Send } from './exchange.js' */
/** @typedef {{ ready: () => boolean, subscribe: (listener: () => void) => unknown }} Pollable */

/** Whether WebAssembly can wait for a promise. */
export const JSPI = 'Suspending' in WebAssembly && 'promising' in WebAssembly;
/** What the clock of a cancelled call is ahead: all deadlines have passed. */
const AGES_NS = 2n ** 62n;
/** The most that `setTimeout` takes. */
const LONGEST_MS = 2 ** 31 - 1;

/** Thrown out of WebAssembly where a call that is given up would go on. Its instance is thrown away. */
export class GivenUp extends Error {}

export class Call {
  /** @type {Exchange[]} */
  #exchanges = [];
  #send;
  /** What it was told, and by which function. @type {[string, any][]} */
  #told = [];
  #at = 0;
  #opened = 0;
  #cancelled = false;
  /** @type {(() => void) | undefined} */
  #wake;
  /** What the call was given up for. @type {Pollable[] | undefined} */
  waitsFor;

  /** @param {Send} [send] without it the call can send nothing */
  constructor(send) {
    this.#send = send;
  }

  /** Whether anything can have reached a server. */
  get hasSent() {
    return this.#exchanges.length > 0;
  }

  /**
   * What only the world outside can say, or what it said when the call was here before.
   * @template T
   * @param {string} name
   * @param {() => T} ask
   * @returns {T}
   */
  told(name, ask) {
    if (JSPI || this.waitsFor) return ask();
    if (this.#at === this.#told.length) {
      const value = ask();
      // What it is given up for will be asked again.
      if (this.waitsFor) return value;
      this.#told.push([name, value]);
    }
    const [was, value] = this.#told[this.#at++];
    if (was !== name) throw new Diverged(`the call has asked for ${was} before, and now for ${name}`);
    return value;
  }

  /** The clock that never goes back, in nanoseconds. */
  now() {
    return BigInt(Math.round(performance.now() * 1e6)) + (this.#cancelled || this.waitsFor ? AGES_NS : 0n);
  }

  /**
   * Begins a request, or goes on with the one that it has begun before.
   * @param {Request} request
   */
  open(request) {
    const known = this.#exchanges[this.#opened++];
    if (known && !known.is(request)) throw new Diverged('the call sends another request than before');
    if (known) return known;
    if (this.#at < this.#told.length) throw new Diverged('the call sends a request where it sent none before');
    if (!this.#send) throw new Error('this function sends no request');
    const exchange = new Exchange(request, this.#send);
    this.#exchanges.push(exchange);
    return exchange;
  }

  /** @param {bigint} at @returns {Pollable} */
  instant(at) {
    return {
      ready: () => this.now() >= at,
      subscribe: (listener) => {
        const ms = Math.min(Number(at - this.now()) / 1e6 + 1, LONGEST_MS);
        const timer = setTimeout(listener, Math.max(ms, 0));
        return () => clearTimeout(timer);
      },
    };
  }

  /**
   * Waits until one of these is ready.
   * @param {Pollable[]} pollables
   * @returns {Promise<void>}
   */
  async until(pollables) {
    while (!pollables.some((pollable) => pollable.ready())) {
      await new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
        const listener = () => {
          for (const undo of undos) undo();
          resolve();
        };
        this.#wake = listener;
        const undos = pollables.map((pollable) => /** @type {() => void} */ (pollable.subscribe(listener)));
      });
    }
  }

  /** From now on every deadline has passed: the component itself then says what that means. */
  cancel() {
    this.#cancelled = true;
    this.#wake?.();
  }

  /** The call has its result: then it has come to where it was before. */
  settle() {
    if (this.#at < this.#told.length || this.#opened < this.#exchanges.length)
      throw new Diverged('the call ends earlier than before');
  }

  /** A call that is given up changes nothing outside any more. */
  acts() {
    if (this.waitsFor) throw new GivenUp();
  }

  /** Makes the call again, from its beginning. */
  again() {
    this.waitsFor = undefined;
    this.#at = 0;
    this.#opened = 0;
  }

  /** Lets go of whatever the call has left. */
  end() {
    for (const exchange of this.#exchanges) exchange.abort();
  }
}
