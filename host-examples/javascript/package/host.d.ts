/**
 * What a function takes. A number may also be a `bigint` or a decimal text, and a list may be read-only.
 *
 * Values that come back are numbers: the ids of ITSM count the rows of a database. One above 2^53-1, which a number
 * can't hold exactly, is a `RangeError`.
 */
export type Input<T> = T extends number
  ? number | bigint | string
  : T extends Uint8Array | string | boolean | undefined
    ? T
    : T extends readonly [unknown, ...unknown[]]
      ? { readonly [I in keyof T]: Input<T[I]> }
      : T extends readonly (infer I)[]
        ? readonly Input<I>[]
        : { readonly [M in keyof T]: Input<T[M]> };

/** What a call that asks ITSM takes behind its arguments. */
export interface CallOptions {
  /**
   * Cancels the call. It then fails with an `ItsmError`, whose `cause` is the signal's reason, and which says whether ITSM
   * may have acted.
   */
  signal?: AbortSignal | undefined;
}

/** What an `Itsm` may do besides. */
export interface ItsmOptions {
  /**
   * Further servers that may be reached, by their addresses, such as your own for `diagnosis.checkCallbackUrl`. Their
   * requests get no credentials.
   */
  allow?: readonly string[] | undefined;
  /**
   * A dispatcher of undici, for a proxy, a private CA, a pool or tracing. Without one, requests go by undici's global
   * dispatcher.
   */
  dispatcher?: object | undefined;
}

/**
 * The interfaces that speak with ITSM. Calls run beside each other, and none waits for another: so a callback that
 * ITSM sends within `operations.withdraw` can be confirmed by the same `Itsm`.
 */
export declare class Itsm {
  /**
   * @param endpoint the gateway or the ESB: the only server that can be reached, beside `options.allow`
   * @param authorization the members of `X-Bkapi-Authorization`: `bk_app_code`, `bk_app_secret` and, for a user,
   *   `access_token` or `bk_token`. They are added to requests as these leave, and never enter the component.
   */
  constructor(endpoint: Endpoint, authorization: Readonly<Record<string, string>>, options?: ItsmOptions);
  /** The first argument of most functions. */
  readonly connection: Connection;
  readonly tickets: Tickets;
  readonly operations: Operations;
  readonly handling: Handling;
  readonly services: Services;
  readonly administration: Administration;
  readonly diagnosis: Diagnosis;
  /** Cancels the calls that are under way, and refuses all later ones. */
  close(): Promise<void>;
}

/**
 * Why a call has no result, and what to do about it. It never holds a secret. `diagnosis.describeFailure` says it in
 * sentences for a person.
 */
export declare class ItsmError extends Error implements Failure {
  constructor(failure: Failure, more?: { payload?: unknown; cause?: unknown });
  /** What to do next. */
  readonly advice: Advice;
  /** False only when it is proven that ITSM changed nothing. */
  readonly mayHaveActed: boolean;
  /** Where it arose. */
  readonly origin: Origin;
  /** The code that the answering server gave. */
  readonly code: string | undefined;
  /** The gateway's or the ESB's id of the request. */
  readonly requestId: string | undefined;
  /** The error that the function names, such as a `BindingError`. */
  readonly payload: unknown;
  toJSON(): object;
}

/** Receives ITSM's callbacks. The functions send nothing: keys enter no instance that can send. */
export declare const callbacks: Callbacks;
/** Keeps the record of one awaited operation. The functions send nothing. */
export declare const tracking: Tracking;
