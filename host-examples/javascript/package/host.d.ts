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
  /** Additional headers of each request, such as `X-Bk-Tenant-Id` on sites with tenants. */
  headers?: readonly Header[] | undefined;
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
   *   `access_token` or `bk_token`. They are added to requests as these leave, and never enter the component. The oldest
   *   ESB reads them from bodies alone: there the component gets them and writes them.
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

/** What is read from the environment. Printed, it shows no secret. */
export interface Settings {
  /** What an `Itsm` is made of: `new Itsm(...site)`. */
  readonly site: [endpoint: Endpoint, authorization: Readonly<Record<string, string>>, options?: ItsmOptions];
  /** What an endpoint is made for. Without `ITSM_CALLBACK_URL` there is none. */
  readonly callback: Pick<EndpointSettings, 'callbackUrl' | 'keys'> | undefined;
}

/**
 * Reads `ITSM_GATEWAY`, `ITSM_ESB` or `ITSM_ESB_LEGACY`; `ITSM_APP_CODE` and `ITSM_APP_SECRET`; where they are needed
 * `ITSM_ACCESS_TOKEN` and `ITSM_TENANT_ID`; for callbacks `ITSM_CALLBACK_URL` and `ITSM_BINDING_KEYS`, which has commas
 * between the keys; and `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and `SSL_CERT_FILE`, which are never used for this machine
 * itself. What is missing, wrong or misspelt is a `TypeError` that names it.
 */
export declare function settings(environment?: Readonly<Record<string, string | undefined>>): Settings;

/** What the endpoint is made for. */
export interface EndpointSettings {
  /** The endpoint's address, as ITSM reaches it. */
  callbackUrl: string;
  /** The keys that tie callbacks to operations: the first is for new operations, and all may still be in use. */
  keys: string[];
  /** Takes a line for people about each thing that happens. No line holds a secret. */
  log?: ((line: string) => void) | undefined;
}

/**
 * A listener for a `node:http` server, and for Express. It examines a callback, asks ITSM about the ticket, hands the
 * outcome over and answers.
 *
 * It needs no record of the operations: the key gives the secret tag of each operation's ticket. The same outcome can
 * come twice: recognise a repetition by the operation id. When `onOutcome` throws, ITSM is told that the callback was
 * not taken.
 */
export declare function endpoint(
  itsm: Itsm,
  settings: EndpointSettings,
  onOutcome: (operationId: string, outcome: Outcome) => unknown,
): (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<void>;

/** The endpoint as a middleware of Koa, before what reads bodies. */
export declare function koa(
  path: string,
  listener: ReturnType<typeof endpoint>,
): (
  context: {
    path: string;
    respond?: boolean;
    req: import('node:http').IncomingMessage;
    res: import('node:http').ServerResponse;
  },
  next: () => Promise<unknown>,
) => Promise<void>;

/** The endpoint as a plugin of Fastify, for `app.register`. */
export declare function fastify(path: string, listener: ReturnType<typeof endpoint>): (app: object) => Promise<void>;

/** An approval to ask for: a ticket without what binds its callback. */
export type ApprovalRequest = Omit<NewTicket, 'tag' | 'callback' | 'fields' | 'processors'> &
  Partial<Pick<NewTicket, 'fields' | 'processors'>> & {
    /** After so many seconds the ticket is taken back, unless there is a decision. */
    decideWithinS?: number | undefined;
  };

/** One awaited operation, as a store keeps it. It holds a secret: the ticket's tag. */
export interface Operation {
  /** The id of the operation, which is public. */
  operationId: string;
  /** Counts the changes, from 1. */
  revision: number;
  /** When there is something to do, in seconds since 1970. `undefined` when the operation is settled. */
  dueS: number | undefined;
  /** The record of `tracking`. */
  recordJson: string;
  /** The ticket, as it was or will be sent. */
  ticket: NewTicket;
  /** What was delivered. */
  outcome?: Outcome | undefined;
}

/** Where operations are kept. Each function may also return a promise. */
export interface OperationStore {
  /** The operation with this id, if there is one. */
  get(operationId: string): Operation | undefined | Promise<Operation | undefined>;
  /**
   * Stores an operation, and returns true once that is durable. It returns false, and stores nothing, if the stored
   * revision is another than the one before: another process was faster.
   */
  put(operation: Operation): boolean | Promise<boolean>;
  /** The ids of the operations that are due. */
  due(nowS: number): string[] | Promise<string[]>;
}

/** What approvals are awaited for. */
export interface ApprovalSettings extends EndpointSettings {
  /**
   * Takes an outcome. It is called at least once for each operation, and again if it throws or if the process ends within
   * it: recognise a repetition by the operation id.
   */
  onOutcome: (operationId: string, outcome: Outcome, ticket: NewTicket) => unknown;
}

/** Approvals that are awaited, whatever is lost, late or forged, and by whichever process runs. */
export interface Approvals {
  /** Makes a ticket and awaits it. Returns the id of the operation once the ticket is made, or may be made. */
  request(request: ApprovalRequest, operationId?: string): Promise<string>;
  /** Takes an outcome from the endpoint: `endpoint(itsm, settings, approvals.outcome)`. */
  outcome(operationId: string, outcome: Outcome): Promise<void>;
  /** Does what is due. Call it every few seconds, or let `run` do so. */
  tick(): Promise<void>;
  /** Does what is due until the signal stops it. */
  run(options?: { signal?: AbortSignal }): Promise<void>;
}

/** Awaits approvals, whose operations are in a store. */
export declare function approvals(itsm: Itsm, store: OperationStore, settings: ApprovalSettings): Approvals;

/** A ticket whose callback is bound to an operation, for those who keep their own record. */
export declare function boundTicket(
  settings: Pick<EndpointSettings, 'callbackUrl' | 'keys'>,
  operationId: string,
  request: ApprovalRequest,
): NewTicket;

/** Operations in a table of SQLite: `sqliteStore(new DatabaseSync(file))`, or with `better-sqlite3`. */
export declare function sqliteStore(database: object): OperationStore;
