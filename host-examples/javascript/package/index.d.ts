// Made from wit/ and host.d.ts by `cargo xtask javascript --bless`.

/** An HTTP header: the name, then the value. Values are printable ASCII. */
export type Header = [string, string];

/** The address of ITSM's actions. The caller chooses `http` or `https`: many sites use plain `http`. */
export type Endpoint =
  /**
   * The address of an API gateway, up to and including the stage, in one of two forms:
   * `https://HOST/api/bk-itsm/STAGE` or `https://bk-itsm.HOST/STAGE`.
   */
  | { tag: 'gateway'; val: string }
  /**
   * The address of a BlueKing site, such as `https://paas.example.com`. The component appends the path of
   * the ESB. The site's ESB must read the header `X-Bkapi-Authorization`.
   */
  | { tag: 'esb'; val: string }
  /**
   * The address of a BlueKing site with the oldest community ESB, which ignores that header. Credentials
   * then travel in the JSON body of a POST and in the query of a GET, where access logs record them.
   * Choose `esb-legacy` only when `esb` answers that credentials are missing. `authorization.app` is
   * required.
   */
  | { tag: 'esb-legacy'; val: string };

/** A credential that a site defines: a member of the authorization object. */
export interface Credential {
  /** The member's name. Names that begin with `bk_app_` are refused. */
  key: string;
  /** The member's value. The value is a secret. */
  value: string;
}

/** The user for whom the app calls. A verified user is one whom an access token or a login token proves. */
export type User =
  /** An access token. The token proves the user to the gateway. */
  | { tag: 'access-token'; val: string }
  /** The value of the login cookie (`bk_token`). The value proves the user to the gateway. */
  | { tag: 'login-token'; val: string }
  /**
   * A user name without proof (`bk_username`). The server accepts the name as verified only when the site
   * has exempted the app from the check.
   */
  | { tag: 'name'; val: string }
  /** Another credential that the site defines. */
  | { tag: 'other'; val: Credential };

/** The identity of the calling app, as BlueKing's developer centre issues it. */
export interface AppCredentials {
  /** The app's id (`bk_app_code`). */
  appCode: string;
  /**
   * The app's secret (`bk_app_secret`). The component erases its own copies after the call and never puts
   * the secret into an error.
   */
  appSecret: string;
  /**
   * The user for whom the app calls. `undefined` is enough to create, find and withdraw tickets. Most gateways
   * require a verified user for approval results and for the list of failed callbacks.
   */
  user?: User | undefined;
}

/** The party that adds the credentials to each request. */
export type Authorization =
  /** The component adds these credentials. */
  | { tag: 'app'; val: AppCredentials }
  /**
   * The host sets `X-Bkapi-Authorization` on each outgoing request, so no credential enters the component.
   * Not possible with `endpoint.esb-legacy`.
   */
  | { tag: 'added-by-host'; val?: undefined };

/** The settings to reach one ITSM server. */
export interface Connection {
  /** The address of ITSM's actions. */
  endpoint: Endpoint;
  /** The credentials, or the statement that the host adds them. */
  authorization: Authorization;
  /**
   * Additional headers for each request, such as `X-Bk-Tenant-Id` on sites with tenants. Headers that the
   * component or HTTP itself sets are refused.
   */
  headers: Header[];
  /**
   * The time limit of one function call in milliseconds, 1 to 600 000, over all its requests and retries.
   * `undefined` means 30 000. A call that reaches the limit returns a `failure`.
   */
  deadlineMs?: number | undefined;
}

/** The next step after a failure. `diagnosis.describeFailure` puts the advice into sentences. */
export type Advice =
  /**
   * Correct the named argument, then call again. A name is a path such as `ticket.title` or
   * `connection.endpoint`.
   */
  | { tag: 'fix-argument'; val: string }
  /** Correct the credentials: the app code, the app secret or the user's token is wrong or has expired. */
  | { tag: 'fix-credentials'; val?: undefined }
  /** Apply for the API in the developer centre: the app or its user lacks the permission. */
  | { tag: 'ask-permission'; val?: undefined }
  /** Give `user.access-token` or `user.login-token`: the server requires a verified user. */
  | { tag: 'send-verified-user'; val?: undefined }
  /** Allow the component to reach this `host:port`: the host's own rules blocked the request. */
  | { tag: 'allow-host'; val: string }
  /** Call again after this many milliseconds. */
  | { tag: 'wait-ms'; val: number }
  /**
   * Do not call again before you know whether ITSM carried out the call. After `tickets.create`, call
   * `tickets.recover`. Every failure with `mayHaveActed` has this advice, and no other failure has it.
   */
  | { tag: 'look-up'; val?: undefined }
  /** Ask the operator of the gateway or the network to repair the way between the host and ITSM. */
  | { tag: 'call-operator'; val?: undefined }
  /** Do not repeat the call: it would fail again. */
  | { tag: 'give-up'; val?: undefined }
  /** Other advice, as a sentence. The set of sentences is open: show them, do not match on them. */
  | { tag: 'other'; val: string };

/** The place where a failure arose. */
export type Origin =
  /** The arguments of the call. Nothing that could change anything was sent. */
  | 'argument'
  /** The way between the component and the first server. */
  | 'transport'
  /** The API gateway, or its connection to ITSM. */
  | 'gateway'
  /** The ESB. */
  | 'esb'
  /** ITSM. */
  | 'itsm'
  /** An answer that neither ITSM nor the gateway nor the ESB gives: a login page, for example. */
  | 'answer';

/** The reason why a call has no result, and the next step. A failure never contains a secret of the call. */
export interface Failure {
  /** The next step. */
  advice: Advice;
  /**
   * False only when ITSM provably changed nothing, and always false for a call that only reads. True means
   * that ITSM may have carried out the call: the advice is then `look-up`.
   */
  mayHaveActed: boolean;
  /** The place where the failure arose. */
  origin: Origin;
  /** The error code of the answering server, as text. `undefined` when the server gave no code. */
  code?: string | undefined;
  /**
   * A text for a person: at most 256 bytes on one line, with secrets redacted. Do not match on the text.
   * With `authorization.added-by-host` the component does not know the secrets that the host added, so the
   * host must redact them.
   */
  message: string;
  /** The id that the gateway or the ESB gave to the request. Quote the id to their operator. */
  requestId?: string | undefined;
}

/** The meaning of a ticket's state for the operation that waits for it. Act only on `approved`. */
export type Verdict =
  /** The ticket has not ended. Wait. */
  | 'open'
  /**
   * The flow ran to its end, ITSM's result is yes, at least one approval said yes, and no approval's last
   * decision is no. Where `Outcome.evidence` is `decisions`, ITSM's result was not readable: the verdict
   * then rests on the decisions in the log alone.
   */
  | 'approved'
  /**
   * The flow ran to its end, and ITSM's result is no or an approval's last decision is no. A no in the log
   * counts even where ITSM's result says yes. ITSM computes its result over the nodes that the flow has
   * now, and an administrator can delete a node.
   */
  | 'rejected'
  /** The flow ran to its end, and no approval lay on its way: nobody was asked. */
  | 'completed'
  /** The creator took the ticket back. A withdrawal is not a refusal. */
  | 'withdrawn'
  /**
   * A processor or a manager stopped the ticket before its end, or an approver refused at a node that ends
   * the ticket on a refusal.
   */
  | 'terminated'
  /**
   * The ticket ended in any other way: with a status that the site defines, or as `FINISHED` because
   * somebody closed the ticket before the end of its flow.
   */
  | 'closed';

/** The basis of a verdict. */
export type Evidence =
  /** The status of the ended ticket. The status is enough for every ending except `FINISHED`. */
  | 'status'
  /**
   * ITSM's own result over all approvals, together with the decisions in the log. One case is invisible in
   * both: a manager merged the ticket under another ticket, and the end of that other ticket also ended
   * this ticket before its flow reached an approval.
   */
  | 'approval-result'
  /**
   * The decisions in the log alone, because the user of the connection may not read ITSM's result. The log
   * does not show an approval that was reached and never decided. A merged ticket most often ends in that
   * state. Where managers merge tickets, use a connection with a verified user.
   */
  | 'decisions';

/** One decision at an approval. */
export interface Decision {
  /**
   * The user who decided. `system` when the flow skips a node that has no processor. The creator when the
   * flow approves automatically, because the creator is one of the approvers.
   */
  operator: string;
  /** True for yes, false for no. */
  approved: boolean;
  /** The reason in the operator's words. Empty when the operator gave none. */
  remark: string;
  /** The time of the decision: the server's local time, without a zone. */
  at: string;
  /**
   * The key of the node's decision field: decisions with the same key were made at the same node. ITSM's
   * log does not contain the node's name.
   */
  nodeKey: string;
}

/**
 * A claim that a ticket ended: the body of a request to the callback address. The record does not contain
 * the token of the body: `callbacks.token` reads the token.
 */
export interface Callback {
  /** The ticket's number, an opaque text. Numbers can be guessed, and nothing makes them unique. */
  sn: string;
  /** The ticket's id, when the body has one. ITSM v2 sends none. */
  id?: string | undefined;
  /** The ticket's title. */
  title: string;
  /**
   * The ticket's status, in ITSM's own word: `FINISHED`, `TERMINATED`, `REVOKED`, or a status that the
   * site defines.
   */
  status: string;
  /** ITSM's result over all approvals. False alone means nothing: see `callbacks.conclude`. */
  approveResult: boolean;
  /** The address of the ticket's page. ITSM's API gives another address for the same ticket. */
  ticketUrl: string;
  /** The users who handled the ticket, in order. */
  updatedBy: string[];
  /** The time of the last change: the server's local time without a zone, with microseconds. */
  updatedAt: string;
  /**
   * The users who handled the ticket's last approval. Empty when nobody did. When two users decide at the
   * same moment and one decision is enough, ITSM counts one decision and names both users.
   */
  lastApprovers: string[];
}

/** A ticket, as ITSM's own answer describes it. */
export interface Ticket {
  /** The ticket's number, an opaque text. ITSM compares numbers without regard to case. */
  sn: string;
  /** The ticket's id in ITSM's database, an opaque text. */
  id: string;
  /**
   * The ticket's title, as ITSM stores it. ITSM rewrites titles after creation (HTML is escaped from
   * V2.6.28 on), and people can edit titles: never identify a ticket by its title.
   */
  title: string;
  /** The user for whom the ticket was created. */
  creator: string;
  /** The id of the ticket's service. Empty when the server gives none. */
  service: string;
  /** The ticket's status, in ITSM's own word. Administrators can add words: the set is open. */
  status: string;
  /** The time of creation: the server's local time, without a zone. */
  createdAt: string;
  /**
   * The time of the end: the server's local time, without a zone. `undefined` while the ticket is open, for any
   * `status`: a trigger can write `FINISHED` on a running ticket.
   */
  endedAt?: string | undefined;
  /** The users who handled the ticket, in order. */
  updatedBy: string[];
  /** The time of the last change: the server's local time, without a zone. */
  updatedAt: string;
  /** The address of the ticket's page. */
  ticketUrl: string;
}

/** ITSM's own answer about the ended ticket of an operation. Act on the outcome, and store it. */
export interface Outcome {
  /** The ended ticket. */
  ticket: Ticket;
  /** The meaning of the end. Never `open`. */
  verdict: Verdict;
  /** The basis of the verdict. */
  evidence: Evidence;
  /** The decisions, oldest first. Empty where the verdict rests on the status alone. */
  decisions: Decision[];
}

/** A ticket that ITSM has just created. */
export interface CreatedTicket {
  /** The ticket's number, which ITSM's other actions require. Store the number with the operation id. */
  sn: string;
  /** The ticket's id in ITSM's database, an opaque text. Empty when the server gives none. */
  id: string;
  /** The address of the ticket's page, for people. Empty when the server gives none. */
  ticketUrl: string;
}

/** A ticket that has ended in a way that the readable data does not settle. */
export interface Undecidable {
  /** The ended ticket. */
  ticket: Ticket;
  /** The missing or contradictory data, in words for a person. */
  why: string;
}

/** ITSM's answer about a ticket that a callback or the host's own record names. */
export type Confirmation =
  /** The ticket belongs to the operation and has ended: act on the outcome. */
  | { tag: 'ended'; val: Outcome }
  /**
   * The ticket belongs to the operation and has not ended, even if a callback claims an end. Ask again
   * later.
   */
  | { tag: 'open'; val: Ticket }
  /**
   * The ticket belongs to the operation and has ended, but ITSM does not give its result yet. Ask again
   * later.
   */
  | { tag: 'undecided'; val: Ticket }
  /**
   * The ticket belongs to the operation and has ended, but the readable data does not settle how. The same
   * connection will give the same answer: use a verified user, or notify a person.
   */
  | { tag: 'undecidable'; val: Undecidable }
  /**
   * The number belongs to a ticket that the operation did not create. The sender of the number is mistaken
   * or lies: refuse the callback.
   */
  | { tag: 'foreign'; val?: undefined }
  /** No ticket has this number. */
  | { tag: 'missing'; val?: undefined }
  /** Several tickets have this number or carry this tag. Notify a person. */
  | { tag: 'ambiguous'; val: Ticket[] }
  /**
   * The server can't find tickets by tag. Servers before V2.6.1.394 ignore tags; V2.6.1.394 to V2.6.2
   * filter by tags and do not store them. Use `tickets.confirmOwn` with a number from the host's own
   * record.
   */
  | { tag: 'untraceable'; val?: undefined }
  /** Another answer, in words for a person. */
  | { tag: 'other'; val: string };

/** The result of a search for a ticket by its tag. */
export type Recovery =
  /** The operation's ticket. */
  | { tag: 'found'; val: CreatedTicket }
  /** Several tickets carry the tag. Notify a person. */
  | { tag: 'ambiguous'; val: Ticket[] }
  /** A ticket of another creator carries the tag. Notify a person. */
  | { tag: 'mismatched'; val: Ticket[] }
  /**
   * No ticket carries the tag. ITSM v2 can still carry out a request up to 600 seconds after it was sent:
   * only an `absent` from a search after that time is final.
   */
  | { tag: 'absent'; val?: undefined }
  /**
   * The server can't find tickets by tag, or does not store tags. The ticket may exist: never create a
   * second ticket after this answer.
   */
  | { tag: 'untraceable'; val?: undefined }
  /** Another answer, in words for a person. */
  | { tag: 'other'; val: string };

/** The value of a field of a form. */
export type FieldValue =
  /**
   * A text. Several choices are one text with commas. ITSM rewrites the text after creation, as it
   * rewrites titles (see `ticket.title`), except in fields of the types `TEXT` and `FILE`. A field of the
   * type `FILE` takes JSON as text: `{"KEY":{"name":"a.txt","path":"/a.txt"}}`.
   */
  | { tag: 'text'; val: string }
  /**
   * One or more user names, for a field that selects people. ITSM accepts names of users that do not
   * exist.
   */
  | { tag: 'people'; val: string[] }
  /**
   * JSON text, for fields of the types `TABLE`, `CUSTOMTABLE` and `CUSTOM-FORM`. For other types use
   * `text`: ITSM would store an object in a form that is not JSON. Duplicate names and integers of more
   * than 64 bits are refused.
   */
  | { tag: 'json'; val: string };

/** One field of a form, with the value to fill in. */
export interface Field {
  /**
   * The field's key in the form. In a new ticket, `title` is reserved for the ticket's own title. With
   * `fast-approval`, `APPROVER` and `APPROVAL_CONTENT` are reserved too.
   */
  key: string;
  /** The value to fill in. */
  value: FieldValue;
  /**
   * Additional members of the field's object in the request, as a JSON object without `key` and `value`. A
   * field with choices needs its `Choice` here, or approvers see keys instead of names:
   * `{"choice":[{"key":"a","name":"First"}]}`.
   */
  extraJson?: string | undefined;
}

/** One choice of a field. */
export interface Choice {
  /** The value to send to ITSM. */
  key: string;
  /** The name that people see. */
  name: string;
}

/** A field of a form, as the form describes it. */
export interface FormField {
  /** The field's key, for `field.key`. */
  key: string;
  /** The field's name, for people. */
  name: string;
  /** The field's type, in ITSM's word: `STRING`, `TEXT`, `MEMBERS`, `SELECT`, `RADIO`. */
  kind: string;
  /** True when the form requires a value. */
  required: boolean;
  /** The choices. Empty when the field has no choices, or when another system supplies them. */
  choices: Choice[];
}

/** The users who handle one node of a ticket, instead of the processors in the flow. */
export interface NodeProcessors {
  /**
   * The node's id in the service's flow (ITSM's `state_id`). Servers from V2.6.10 on refuse the ticket
   * when the flow has no such node (read in the server's source; recorded with V2.7.1). At nodes that are
   * claimed or distributed first, and at sign-off nodes, ITSM ignores the users without an error:
   * `services.resolveProcessors` reports such nodes.
   */
  nodeId: number;
  /**
   * At least one user name, each in a text of its own. A text with two names, a blank or an invisible
   * character is refused, because ITSM would wait for a user who does not exist.
   */
  users: string[];
}

/** The address to which ITSM reports the end of the ticket. */
export interface CallbackTarget {
  /**
   * An `http` or `https` address that ITSM can reach without a login, of at most 2048 bytes. The address
   * names a host or an IP address, without user, password and fragment. Characters that an address can't
   * contain are written as `%XX`. The component checks the form, because ITSM does not: ITSM notices a
   * wrong address only when it calls.
   */
  url: string;
  /**
   * Headers that ITSM sends with the callback (ITSM v2: servers from V2.6.3 on). Put the header of
   * `callbacks.bind` here. Values are printable ASCII; the names of HTTP's own headers are refused.
   */
  headers: Header[];
}

/** A node that is running in the flow of a ticket. */
export interface RunningNode {
  /** The node's id in the service's flow (ITSM's `state_id`), for functions of `operations` and `handling`. */
  nodeId: number;
  /** The node's name. */
  name: string;
  /** The node's status, in ITSM's own word. */
  status: string;
  /** The users who may handle the node. For an automatic node, a phrase in the server's language. */
  processors: string[];
  /**
   * The actions that the processors may take, in ITSM's words: `TRANSITION`, `DELIVER`. Filled only by
   * `tickets.status` and `tickets.explain`.
   */
  allowedActions: string[];
  /**
   * The fields of the node's form, for `handling.transition`. Filled only by `tickets.status` and
   * `tickets.explain`.
   */
  fields: FormField[];
}

/** The error in one member of a body. */
export interface FieldFault {
  /** The member's name. */
  name: string;
  /** The error, as a phrase. The phrase never quotes the member's value. */
  reason: string;
}

/** The reason why a body is not a callback. Answer `refused`. */
export type ParseError =
  /** The body is larger than this number of bytes (65 536). */
  | { tag: 'too-large'; val: number }
  /** The body is not a JSON object in UTF-8, or is nested too deep. The text says where. */
  | { tag: 'malformed'; val: string }
  /** A member is missing, occurs twice or has a wrong type. */
  | { tag: 'field'; val: FieldFault }
  /** Another reason, in words for a person. */
  | { tag: 'other'; val: string };

/**
 * The facts that a binding proves: the holder of the key made the binding for this operation and this
 * callback address. A binding does not prove the body of a callback.
 */
export interface Claims {
  /**
   * The operation id: 1 to 32 lower-case letters and digits, for example from `tickets.newOperationId`.
   * The id is public: the header contains the id as plain text.
   */
  operationId: string;
  /** The callback address, exactly as the host gave it to ITSM: 1 to 2048 bytes of printable ASCII. */
  callbackUrl: string;
  /**
   * The time at which the binding expires, in seconds since 1970. A ticket can stay open for months, so
   * choose a time that is late enough.
   */
  expiresS: number;
}

/** The result of `bind` for one operation. */
export interface Binding {
  /** The header for `CallbackTarget.headers`. */
  header: Header;
  /** The tag for `NewTicket.tag`. The tag is a secret: store the tag with the operation, never log it. */
  tag: string;
}

/** The facts from a valid binding. */
export interface Bound {
  /** The facts that the binding proves. */
  claims: Claims;
  /**
   * The tag of the operation's ticket, for `tickets.confirm`. The component derives the tag with the key.
   * So a receiver without storage knows the tag, and a thief of the header does not.
   */
  tag: string;
}

/**
 * The reason why the headers of a request contain no valid binding. Answer `refused` in the same way for
 * each reason, so that the sender learns nothing.
 */
export type BindingError =
  /** The header is missing. Servers older than V2.6.3 do not send the headers of `CallbackTarget`. */
  | { tag: 'absent'; val?: undefined }
  /** The header occurs twice, or does not have the form of a binding. */
  | { tag: 'malformed'; val?: undefined }
  /** The header names a key id that none of the keys has. */
  | { tag: 'unknown-key'; val?: undefined }
  /** The header was not made with the key that it names, or not for this callback address. */
  | { tag: 'forged'; val?: undefined }
  /** The header is genuine, but the binding has expired. */
  | { tag: 'expired'; val: Claims }
  /** The text at this position of `keys`, counted from 0, is not a key. Correct the configuration. */
  | { tag: 'invalid-key'; val: number }
  /** Another reason, in words for a person. */
  | { tag: 'other'; val: string };

/**
 * An HTTP answer. Send the answer without changes. ITSM counts a callback as delivered only for status 200
 * or 201 with a JSON object whose `code` is 0.
 */
export interface Reply {
  /** The HTTP status. */
  status: number;
  /** The HTTP headers. */
  headers: Header[];
  /** The bytes of the body. */
  body: Uint8Array;
}

/**
 * News of one node. The news is a claim: anybody can post it. ITSM's own callback reports only the end of
 * a ticket. Use the news as a hint: `operations.nodeResult` reads the decision of a finished approval.
 */
export interface NodeEvent {
  /** The ticket's number. */
  sn: string;
  /** The ticket's title. */
  title: string;
  /** The ticket's status, in ITSM's own word. */
  status: string;
  /** The user for whom the ticket was created. */
  creator: string;
  /** The node, as the template names it. */
  node: string;
  /**
   * The output of the node: the member `result` of the template. A boolean or a number is written as in
   * JSON. Empty when the template has no `result`.
   */
  output: string;
}

/**
 * A callback together with the facts that its binding proves. The callback itself remains a claim: call
 * `tickets.confirm` with `callback.sn` and `bound.tag`.
 */
export interface BoundCallback {
  /** The facts from the binding. */
  bound: Bound;
  /** The body of the request, which is a claim. */
  callback: Callback;
}

/** The refusal of a request. */
export interface Refusal {
  /** The answer to send. */
  reply: Reply;
  /** The reason, for the host's log. The answer does not contain the reason. */
  why: string;
}

/** The kind of a request to the callback address. */
export type Reception =
  /** A callback with a valid binding. */
  | { tag: 'genuine'; val: BoundCallback }
  /**
   * The test request of `diagnosis.checkCallbackUrl`, with a valid binding. Send the reply and do
   * nothing else.
   */
  | { tag: 'self-check'; val: Reply }
  /** A request without a valid binding or without a readable body. Send the reply, and log the reason. */
  | { tag: 'refused'; val: Refusal };

/** A result of `tickets.recover`, with the time of the call. */
export interface LookedUp {
  /**
   * The host's clock when the host called `recover`, in seconds since 1970. Do not pass the time of the
   * answer: `absent` proves only that no ticket existed at the time of the call.
   */
  askedS: number;
  /** The result of `recover`. */
  recovery: Recovery;
}

/** An event in the life of an operation. */
export type Event =
  /** `tickets.create` succeeded. */
  | { tag: 'created'; val: CreatedTicket }
  /** `tickets.create` failed with `mayHaveActed` false. */
  | { tag: 'not-created'; val: Failure }
  /** `tickets.create` failed with `mayHaveActed` true. */
  | { tag: 'maybe-created'; val: Failure }
  /** `tickets.recover` succeeded. */
  | { tag: 'recovered'; val: LookedUp }
  /** A callback arrived, and its binding is valid for the operation. */
  | { tag: 'callback'; val: Callback }
  /** `tickets.confirmOwn` or `tickets.reconcile` answered for the number of the record's ticket. */
  | { tag: 'confirmed'; val: Confirmation }
  /** The outcome was delivered, and the host has stored that fact. */
  | { tag: 'delivered'; val?: undefined }
  /** `operations.withdraw` failed. When `operations.withdraw` succeeds, call `advance` with `tick`. */
  | { tag: 'not-withdrawn'; val: Failure }
  /** Time has passed, or the host has started again. */
  | { tag: 'tick'; val?: undefined };

/** The next task of the host. */
export type Action =
  /**
   * Call `tickets.create` with a deadline of less than 600 seconds (the limit of ITSM v2): after the
   * limit, tracking can order `create` again.
   */
  | { tag: 'create'; val?: undefined }
  /** Call `tickets.recover` with the ticket that the host stored: its tag and creator count. */
  | { tag: 'recover'; val?: undefined }
  /**
   * Call `tickets.confirmOwn` with this number, or include the number in a call of `tickets.reconcile`.
   * The number always belongs to the operation's own ticket.
   */
  | { tag: 'confirm'; val: string }
  /**
   * Call `operations.withdraw` with this number, as the ticket's creator: the time for a decision has
   * passed. ITSM calls back during that request, so the receiver of callbacks must be able to answer
   * meanwhile. Tracking repeats the action only while ITSM says that the ticket is open.
   */
  | { tag: 'withdraw'; val: string }
  /**
   * Deliver the outcome and the operation id to the code that waits for the outcome. After a crash the
   * action can be repeated: the code recognises a repetition by the operation id.
   */
  | { tag: 'deliver'; val: Outcome }
  /**
   * Notify a person with this text. For example, ITSM contradicts a recorded outcome, no ticket can be
   * attributed to the operation, a call keeps failing or needs a correction, or a result can't be read.
   * Each reason is reported once.
   */
  | { tag: 'report'; val: string }
  /** Another task, in words for a person. */
  | { tag: 'other'; val: string };

/** The result of an event. */
export interface Step {
  /** The record to store: opaque JSON text with a version of its own. */
  recordJson: string;
  /** The actions to carry out after the record is stored. Often empty. */
  actions: Action[];
  /**
   * The time to call `advance` with `tick`, in seconds since 1970. `undefined` when the record is settled. The
   * interval doubles from 30 seconds to at most 15 minutes while nothing changes. While a ticket whose
   * answer was lost may still appear, the interval is at most 4 minutes.
   */
  dueS?: number | undefined;
}

/** ITSM's built-in approval. The approval has one node and needs no service of the site. */
export interface FastApproval {
  /**
   * The approvers: at least one user name, each in a text of its own. One decision is enough. A text with
   * two names, a blank or an invisible character is refused, because ITSM accepts any text as a name.
   */
  approvers: string[];
  /** The text that the approvers read. The text must not be blank. */
  content: string;
}

/** The subject of the request. */
export type Service =
  /** A service of the site, by its id. The ticket takes the service's project. */
  | { tag: 'id'; val: number }
  /** The built-in approval. */
  | { tag: 'fast-approval'; val: FastApproval };

/** A ticket to create. */
export interface NewTicket {
  /**
   * The tag from `callbacks.bind` or `newTag`: 1 to 32 lower-case letters and digits, a new one for each
   * ticket. Store the tag before you call `create`. ITSM stores the tag with the ticket and never shows
   * it. The tag finds the ticket when an answer was lost, and proves which ticket a callback is about. The
   * tag is a secret.
   */
  tag: string;
  /** The service, or the built-in approval. */
  service: Service;
  /** The user for whom the ticket is created: 1 to 64 characters. */
  creator: string;
  /**
   * The ticket's title: not blank, at most 128 characters. Each quotation mark counts as six characters
   * and each angle bracket as four, because ITSM stores them in HTML's form. A longer title would leave a
   * ticket that never starts. Characters beyond Unicode's basic plane (emoji) are refused in every text of
   * a ticket: servers fail on them or leave a ticket that never starts.
   */
  title: string;
  /** The other fields of the service's form. */
  fields: Field[];
  /** The nodes whose processors the ticket itself names, each node once. */
  processors: NodeProcessors[];
  /**
   * The address to which ITSM reports the end of the ticket. With `undefined`, ITSM sends no callback: ask with
   * `confirmOwn`.
   */
  callback?: CallbackTarget | undefined;
  /**
   * Additional members of the request's body as a JSON object, such as `{"meta":{"envs":{}}}`. Members
   * that another field of the record or the connection sets are refused, also inside `meta`. The component
   * checks `dynamic_fields`: ITSM checks them only after it has created the ticket.
   */
  extraJson?: string | undefined;
}

/** One of ITSM's results. No verdict follows from a result alone: a trigger can set a status. */
export interface ApprovalResult {
  /** The ticket's number. */
  sn: string;
  /** The ticket's title. */
  title: string;
  /** The ticket's status, in ITSM's own word. */
  status: string;
  /** True only when the status is `FINISHED` and no approval said no. False while a ticket is open. */
  approveResult: boolean;
  /** The address of the ticket's page. */
  ticketUrl: string;
  /** The users who handled the ticket, in order. */
  updatedBy: string[];
  /** The time of the last change: the server's local time, without a zone. */
  updatedAt: string;
}

/**
 * The conditions of a search. A ticket must meet all of them. An empty list and `undefined` set no condition. A
 * blank text is refused, because ITSM would answer with every ticket. A time is the server's local time
 * without a zone, such as `2026-11-24 07:26:12`, or a date, which means its midnight.
 *
 * Older servers ignore conditions that they do not know. The search then fails and names the condition: it
 * never returns tickets that the filter excludes.
 */
export interface TicketFilter {
  /** The ticket's number is one of these. */
  sns: string[];
  /** The ticket was created for this user. */
  creator?: string | undefined;
  /**
   * The ticket carries this tag. Servers before V2.6.1.394 ignore the condition; V2.6.1.394 to V2.6.2
   * filter by tags and do not store them: `diagnosis.diagnose` reports both.
   */
  tag?: string | undefined;
  /** The ticket belongs to the project with this key. Servers before V2.6.3 ignore the condition. */
  projectKey?: string | undefined;
  /** The ticket's service has one of these ids. */
  serviceIds: number[];
  /** The ticket's business has one of these ids. */
  bkBizIds: number[];
  /** The ticket's status is one of these, in ITSM's words. Servers before V2.6.1.391 ignore the condition. */
  statuses: string[];
  /** The ticket was created at this time or later. */
  createdFrom?: string | undefined;
  /** The ticket was created at this time or earlier. */
  createdTo?: string | undefined;
  /** The ticket ended at this time or later. */
  endedFrom?: string | undefined;
  /** The ticket ended at this time or earlier. */
  endedTo?: string | undefined;
  /** The ticket is running and waits for this user. */
  waitingFor?: string | undefined;
}

/** A page of tickets. */
export interface TicketPage {
  /** The tickets, newest first. Empty for a page after the last page. */
  tickets: Ticket[];
  /** The number of the page, from 1. */
  page: number;
  /** The number of pages, at least 1. */
  pages: number;
  /** The number of tickets on all pages. */
  total: number;
}

/** The relation between a user and the tickets of a search. */
export type UserView =
  /** Tickets that wait for the user. */
  | 'todo'
  /** Tickets that were created for the user. */
  | 'created'
  /** Ended tickets that the user handled, without those that were created for the user. */
  | 'history'
  /**
   * Tickets that the user handled and tickets that wait for the user. On some sites, all tickets that the
   * user may see.
   */
  | 'dealt'
  /** Tickets that the user follows. */
  | 'attention'
  /** Tickets that wait for an approval by the user. */
  | 'approval';

/**
 * Conditions in addition to the view. `undefined` sets no condition. A time is the server's local time, such as
 * `2026-11-24 07:26:12`. Give both times or neither: ITSM ignores one without the other.
 */
export interface UserFilter {
  /** The ticket's service has this id. */
  serviceId?: number | undefined;
  /** The ticket's service lies in the catalogue with this id. */
  catalogId?: number | undefined;
  /** The ticket was created at this time or later. */
  createdFrom?: string | undefined;
  /** The ticket was created at this time or earlier. */
  createdTo?: string | undefined;
}

/**
 * A ticket, as ITSM lists it for a user. The record does not contain the time of the end. Right after a
 * ticket was created, ITSM can send an incomplete record: `serviceName` is then empty and
 * `waitingApprove` is false.
 */
export interface UserTicket {
  /** The ticket's number. */
  sn: string;
  /** The ticket's id in ITSM's database, an opaque text. */
  id: string;
  /** The ticket's title. */
  title: string;
  /** The user for whom the ticket was created. */
  creator: string;
  /** The id of the ticket's service. Empty when the server gives none. */
  service: string;
  /** The name of the ticket's service. */
  serviceName: string;
  /** The key of the ticket's project. */
  projectKey: string;
  /** The ticket's status, in ITSM's own word. */
  status: string;
  /** The time of creation: the server's local time, without a zone. */
  createdAt: string;
  /** The users who have to handle the ticket now. */
  processors: string[];
  /** True when the ticket waits for an approval by the user. */
  waitingApprove: boolean;
}

/** A page of a user's tickets. */
export interface UserTicketPage {
  /** The tickets, newest first. Empty for a page after the last page. */
  tickets: UserTicket[];
  /** The number of the page, from 1. */
  page: number;
  /** The number of pages, at least 1. */
  pages: number;
  /** The number of tickets on all pages. */
  total: number;
}

/** The present state of a ticket. */
export interface TicketStatus {
  /**
   * The ticket's status, in ITSM's own word. The status does not show whether the ticket has ended: use
   * `confirm` or `confirmOwn`.
   */
  status: string;
  /**
   * The nodes that are running. Empty for a moment after the creation and between two nodes, and while an
   * automatic node has failed.
   */
  running: RunningNode[];
  /** The actions that ITSM allows on the ticket, in ITSM's words: `WITHDRAW`, `SUSPEND`. */
  allowedActions: string[];
  /** The address of the ticket's page. */
  ticketUrl: string;
}

/** A field of a ticket's form, with its value. */
export interface FilledField {
  /** The field's key. */
  key: string;
  /** The field's name, for people. */
  name: string;
  /** The field's type, in ITSM's word: `STRING`, `MEMBERS`, `RADIO`. */
  kind: string;
  /** The value as JSON text. */
  valueJson: string;
  /** The value as people see it. */
  display: string;
}

/** A ticket with its form. */
export interface TicketInfo {
  /** The ticket, with the time of its end. */
  ticket: Ticket;
  /** The nodes that are running, without their allowed actions and fields. */
  running: RunningNode[];
  /** The fields of the form. A key can occur twice: once for the ticket and once for the first node. */
  fields: FilledField[];
}

/** An entry of a ticket's log. */
export interface LogEntry {
  /**
   * The user who acted. Empty or `system` for the system. Several names with commas when an automatic node
   * failed.
   */
  operator: string;
  /** The time of the entry: the server's local time, without a zone. */
  at: string;
  /** A text for people, in the server's language. Do not match on the text. */
  message: string;
  /** The source of the action, in ITSM's word: `WEB`, `API`, `SYS`. */
  source: string;
}

/**
 * The state or the end of a ticket, in more detail than a `verdict`. An ending never contradicts the
 * verdict.
 */
export type Ending =
  /** The ticket is open, and somebody has to act: see `Explanation.waitingFor`. */
  | 'open'
  /**
   * The ticket is open, but no node was running, and three seconds later still no node was running. Most
   * often the start of the flow failed: the ticket then never calls back. An automatic node can also have
   * failed: the ticket then continues when somebody retries the node on the ticket's page. A ticket
   * manager can terminate the ticket.
   */
  | 'stuck'
  /** The verdict is `approved`. */
  | 'approved'
  /** The verdict is `completed`: no approval lay on the ticket's way. */
  | 'completed'
  /** The verdict is `rejected`. */
  | 'rejected'
  /** The ticket was terminated because an approval said no at a node that ends the ticket on a refusal. */
  | 'rejected-and-terminated'
  /** A processor or a manager terminated the ticket before the end of its flow. */
  | 'terminated'
  /** The creator took the ticket back. */
  | 'withdrawn'
  /**
   * The verdict is `closed`: the ticket ended with a status that the site defines, or somebody closed it
   * as `FINISHED`.
   */
  | 'closed'
  /** The data that the user of the connection may read does not settle the end. */
  | 'undetermined';

/** The state or the end of a ticket, with the decisions and their reasons. */
export interface Explanation {
  /** The ticket. */
  ticket: Ticket;
  /** The ticket's state or end. */
  ending: Ending;
  /** The decisions, oldest first. */
  decisions: Decision[];
  /** The nodes for which an open ticket waits. */
  waitingFor: RunningNode[];
  /** The reason for `stuck` or `undetermined`, in words for a person. Empty for other endings. */
  words: string;
}

/** ITSM's answer about one of the tickets of `reconcile`. */
export interface Confirmed {
  /** The ticket's number, as the caller gave it. */
  sn: string;
  /** ITSM's answer. Never `foreign` or `untraceable`, because `reconcile` uses no tag. */
  confirmation: Confirmation;
}

/** The decision of a finished approval. */
export interface NodeDecision {
  /** The node's name. */
  name: string;
  /** The users who decided, in no particular order. Empty when a role or a group handles the node. */
  processedBy: string[];
  /** True for yes, false for no. Also false for a node that is not an approval. */
  approved: boolean;
  /** The reason in the words of the users. */
  remark: string;
}

/** A group of users that ITSM knows. */
export interface AssigneeGroup {
  /** The kind of group, in ITSM's word: `GENERAL` (a role) or `ORGANIZATION`. */
  kind: string;
  /** The group's id. */
  id: string;
}

/** The users who get a node. */
export type Assignees =
  /** Users: at least one user name. */
  | { tag: 'people'; val: string[] }
  /** A group of users. */
  | { tag: 'others'; val: AssigneeGroup };

/** A service. */
export interface ServiceSummary {
  /** The service's id, for `tickets.service.id`. */
  id: number;
  /** The service's name. */
  name: string;
  /** The service's type, in ITSM's word: `request`, `change`, `event`, `question`. */
  kind: string;
  /** The service's description, for people. */
  description: string;
}

/** The conditions of a list of services. `undefined` sets no condition. */
export interface ServiceFilter {
  /** The service lies in the catalogue with this id. */
  catalogId?: number | undefined;
  /** The service has this type, in ITSM's word. */
  kind?: string | undefined;
  /** The service is shown to this kind of audience, in ITSM's word: `OPEN`, `GENERAL`, `ORGANIZATION`. */
  displayType?: string | undefined;
  /** The service is shown to this role. */
  displayRole?: string | undefined;
}

/** A service with its form. */
export interface ServiceForm {
  /** The service. */
  service: ServiceSummary;
  /** The id of the service's flow, for `workflowDetail`. */
  workflowId: number;
  /** The fields of the form. */
  fields: FormField[];
}

/** A catalogue: a folder of services and other catalogues. */
export interface Catalog {
  /** The catalogue's id, for `ServiceFilter.catalogId`. */
  id: number;
  /** The id of the catalogue that contains this catalogue. `undefined` for the root. */
  parentId?: number | undefined;
  /** The catalogue's key. */
  key: string;
  /** The catalogue's name. */
  name: string;
  /** The depth of the catalogue in the tree, from 0. */
  level: number;
  /** The catalogue's description, for people. */
  description: string;
}

/** A node of a service's flow. */
export interface Node {
  /** The node's id, for `NodeProcessors.nodeId`. */
  id: number;
  /** The node's name. */
  name: string;
  /**
   * The users who handle the node, or the name of the role or variable that supplies the users: see
   * `processorsType`.
   */
  processors: string[];
  /** The kind of the names in `processors`, in ITSM's word: `PERSON`, `VARIABLE`, `STARTER`. */
  processorsType: string;
  /** True when all processors have to sign. False when one processor is enough. */
  allSign: boolean;
}

/** The users for a node that the caller knows by its name. */
export interface NamedProcessors {
  /**
   * The node's name, exactly as in the flow. If somebody renames the node in ITSM, the name no longer
   * matches.
   */
  name: string;
  /** At least one user name. */
  users: string[];
}

/** A name that does not lead to one usable node, and the nodes to choose from. */
export interface Candidates {
  /** The name of the request. */
  name: string;
  /** All nodes of the flow, or all nodes with the name. */
  nodes: Node[];
}

/** The reason why the names did not lead to nodes. */
export type ResolveError =
  /** The component could not read the nodes. */
  | { tag: 'failed'; val: Failure }
  /** No node has the name. The payload lists the nodes of the flow. */
  | { tag: 'unknown-name'; val: Candidates }
  /** Several nodes have the name: use their ids. */
  | { tag: 'ambiguous-name'; val: Candidates }
  /**
   * The node with the name ignores the users of a ticket without an error: the node is claimed or
   * distributed first, is a sign-off node, or is automatic. Name another node, or let the author of the
   * flow change the node.
   */
  | { tag: 'ignores-processors'; val: Candidates };

/** The result of a test of one action. */
export interface Finding {
  /** The action's name, as the developer centre lists it. */
  action: string;
  /** The failure of the test. `undefined` when the connection can use the action. */
  failure?: Failure | undefined;
  /** The meaning, and the correction or the permission that is needed, in words for a person. */
  words: string;
}

/** The reason why an address can't receive callbacks. */
export type CallbackUrlError =
  /** The component can't call the address. ITSM may still reach the address from its own network. */
  | { tag: 'unreachable'; val: Failure }
  /**
   * The address redirects with this status. ITSM follows the redirect and turns its POST into a GET. For
   * 307 and 308 the reason is `other`: ITSM keeps the POST, but the component can't know the next answer.
   */
  | { tag: 'redirect'; val: number }
  /**
   * The address answers with this status. ITSM accepts only 200 and 201: even 202 and 204 count as
   * failures.
   */
  | { tag: 'status'; val: number }
  /** The answer is not a JSON object. Most often a login page stands in front of the address. */
  | { tag: 'not-json'; val?: undefined }
  /** The answer has no member `code` with the number 0. */
  | { tag: 'no-zero-code'; val?: undefined }
  /**
   * A receiver answers, but refuses with this message. Possible causes: a proxy removed the headers, the
   * receiver has other keys, or the receiver does not recognise a self-check.
   */
  | { tag: 'refused'; val: string }
  /** Another reason, in words for a person. */
  | { tag: 'other'; val: string };

/** The language of the sentences. */
export type Language =
  /** English. */
  | 'english'
  /** Simplified Chinese. */
  | 'chinese';

/**
 * Functions that receive ITSM's callbacks. No function of the interface sends a request.
 *
 * ITSM posts one callback when a ticket ends, and never repeats the callback. ITSM follows redirects and
 * does not verify the certificate of the receiver. Receive a callback in four steps. First, call `receive`.
 * Second, call `tickets.confirm` with the number of the callback and the tag of the binding. Third, act on
 * the outcome. Fourth, answer `accepted`. Answer `refused` when any step fails: ITSM then puts the ticket on
 * its list of failed callbacks, so no outcome is lost.
 */
export interface Callbacks {
  /**
   * Examines a request to the callback address before any request is sent: checks the binding, reads the
   * body, and tells a self-check from a callback.
   *
   * `keys` are all binding keys that may still be in use. `headers` and `body` are those of the request.
   * `callbackUrl` is the address that the host gave to ITSM: take the address from the host's settings, not
   * from the request. `nowS` is the host's clock in seconds since 1970.
   */
  receive(keys: Input<string[]>, headers: Input<Header[]>, callbackUrl: string, nowS: Input<number>, body: Uint8Array): Reception;
  /**
   * Reads a callback's body. Pass the bytes of the request, never a JSON text that was parsed and written
   * again.
   *
   * The result is a claim: neither the body nor its token proves anything. Fails with `ParseError` when the
   * body is not a callback.
   * @throws {ItsmError} whose `payload` is `ParseError`
   */
  parse(body: Uint8Array): Callback;
  /**
   * Reads the token from a callback's body, for `tickets.verifyToken`.
   *
   * The token contains a secret of the server and never expires: never store, log or return the token. Fails
   * with `ParseError` when the body is not a JSON object with a token.
   * @throws {ItsmError} whose `payload` is `ParseError`
   */
  token(body: Uint8Array): string;
  /**
   * Translates a status and ITSM's flag into a verdict. The verdict is only a claim.
   *
   * `ended` is true when `ticket.endedAt` is set. For a callback `ended` is true as well, because a
   * callback claims an end. Each input has a verdict. A ticket that has not ended is `open`. `FINISHED` is
   * `approved` or `rejected` by the flag. `REVOKED` is `withdrawn`, `TERMINATED` is `terminated`, and any
   * other status is `closed`.
   *
   * The function can't know the facts that only the log shows: that nobody was asked (`completed`), that a
   * manager closed the ticket, or that an approval with a no was deleted from the flow. Never act on the
   * verdict: act on the outcome of `tickets.confirm`.
   */
  conclude(status: string, approveResult: boolean, ended: boolean): Verdict;
  /**
   * Makes the header that binds a callback address to an operation, and the tag of the operation's ticket.
   * Put both into the ticket for `tickets.create`. Store the key: the component does not.
   *
   * A key has the form `itsm-key.ID.HEX`. ID is 1 to 16 lower-case letters and digits. HEX is 64 to 128
   * lower-case hex digits of randomness, such as the output of `openssl rand -hex 32`. Fails when the key or
   * a claim does not have its form: the error says which part, and never contains the key.
   * @throws {ItsmError} whose `payload` is `string`
   */
  bind(key: string, claims: Input<Claims>): Binding;
  /**
   * Checks the binding in the headers of a callback. `receive` includes the check.
   *
   * `keys` are all keys that may still be in use, so the host can change keys while tickets are open.
   * `headers` are all headers of the request, in any order and case. `callbackUrl` is the address that the
   * host gave to ITSM: take the address from the host's settings, not from the request. `nowS` is the
   * host's clock in seconds since 1970. Fails with `BindingError` when the headers contain no valid binding.
   * @throws {ItsmError} whose `payload` is `BindingError`
   */
  checkBinding(keys: Input<string[]>, headers: Input<Header[]>, callbackUrl: string, nowS: Input<number>): Bound;
  /** Makes the answer that lets ITSM count the callback as delivered. */
  accepted(): Reply;
  /**
   * Makes the answer that lets ITSM put the ticket on its list of failed callbacks.
   *
   * ITSM stores `message` where its administrators can read the message. Only the first 256 bytes are sent.
   */
  refused(message: string): Reply;
  /**
   * Reads the body of a request from a trigger's API action or from a webhook node of a flow. The body must
   * follow the template in this project's guide (docs/node-events.md).
   *
   * ITSM adds its own credentials to the body of a trigger: the component skips them without reading them.
   * The result is a claim. Fails with `ParseError` when the body does not follow the template.
   * @throws {ItsmError} whose `payload` is `ParseError`
   */
  parseNodeEvent(body: Uint8Array): NodeEvent;
  /**
   * Returns true when a callback is the test request of `diagnosis.checkCallbackUrl`. `receive` includes
   * the test. If the binding is valid, a receiver answers `accepted` and does nothing else.
   */
  isSelfCheck(callback: Input<Callback>): boolean;
}

/**
 * Functions that track one operation from before its ticket exists until its outcome was delivered once. The
 * tracking also works when answers and callbacks are lost, late, forged or repeated. The functions send no
 * request and read no clock: the host passes the time.
 *
 * The host keeps one record for each operation and follows one rule: store the new record, carry out the
 * actions, then call `advance` with their results. Call `advance` with `tick` when `dueS` passes, and for
 * every record when the host starts: tracking then repeats the actions that a crash interrupted. Tracking
 * can't tell a restart from the passing of time, so send no `tick` while the host is delivering the outcome.
 *
 * Beside the record, the host stores the data that the actions need: the ticket's tag and the new ticket.
 * Store both before `create`. The record contains no secret.
 */
export interface Tracking {
  /**
   * Starts to track an operation. `operationId` is an id from `tickets.newOperationId` or the host's own:
   * 1 to 32 lower-case letters and digits. `nowS` is the host's clock in seconds since 1970.
   *
   * `decideByS`, on the same clock, is the time limit for a decision; with `undefined` there is no limit. After
   * the limit, tracking asks ITSM once more and then orders the host to withdraw the ticket. The outcome is
   * always ITSM's own answer: a decision that came before the withdrawal wins. ITSM can refuse the
   * withdrawal: in most flows, when somebody has handled the first node. Tracking then reports the refusal
   * and continues to wait for the ticket.
   *
   * Fails when the id does not have its form, or when the time for a decision has already passed.
   * @throws {ItsmError} whose `payload` is `string`
   */
  start(operationId: string, decideByS: Input<number | undefined>, nowS: Input<number>): Step;
  /**
   * Processes an event. `nowS` is always the host's present time. Between two steps, tracking counts at
   * most the time that it told the host to wait. So a clock that jumps forward once, after an answer to
   * `create` was lost, creates no second ticket. A settled record stays settled: later events are ignored or
   * reported.
   *
   * Fails when `recordJson` is not a record of tracking, or when a newer component wrote the record: store
   * nothing then. Records of older versions are accepted.
   * @throws {ItsmError} whose `payload` is `string`
   */
  advance(recordJson: string, event: Input<Event>, nowS: Input<number>): Step;
}

/**
 * Functions that create tickets and ask ITSM about tickets.
 *
 * Each function that has a `connection` sends requests and waits at most `connection.deadlineMs` for the
 * answers. The component follows no redirect and reads at most 4 MiB of an answer. A request that changes
 * something is sent once. A request that only reads is sent up to three times within the deadline.
 *
 * Each such function fails with `fix-argument` when an argument is invalid: nothing was sent then. The
 * gateway, the ESB, ITSM and the network can make each such function fail: `failure.advice` names the next
 * step.
 */
export interface Tickets {
  /** Makes a new operation id: 128 random bits as 26 lower-case letters and digits. */
  newOperationId(): string;
  /**
   * Makes a new tag for a ticket without a callback: 128 random bits as 26 lower-case letters and digits.
   * For a ticket with a callback, use the tag of `callbacks.bind`: a receiver without storage can compute
   * that tag.
   */
  newTag(): string;
  /**
   * Creates a ticket. The component sends the request once. The flow starts after the answer, and the
   * callback can arrive before the answer.
   *
   * Fails with `fix-argument` when ITSM would refuse the ticket, or accept the ticket and never start it:
   * nothing was sent. Fails with `fix-argument` `ticket` when ITSM's own checks refuse the ticket: no ticket
   * was created. When `failure.mayHaveActed` is true, the ticket may exist, or ITSM may create it minutes
   * later: do not call `create` again, call `recover` with the same tag.
   * @throws {ItsmError}
   */
  create(connection: Input<Connection>, ticket: Input<NewTicket>, options?: CallOptions): Promise<CreatedTicket>;
  /**
   * Asks ITSM about the ticket that a callback names. Only `confirm`, `confirmOwn` and `reconcile` give an
   * `Outcome`.
   *
   * `sn` is the number that the callback claims. `tag` is the secret tag of the operation's ticket, as
   * `callbacks.receive` gives it. The component searches **by the tag alone**. Exactly one ticket may carry
   * the tag, and its number must be `sn`. Two tickets are `ambiguous`, a ticket with another number is
   * `foreign`. No ticket means `untraceable`: a genuine binding proves that a ticket with the tag was
   * created, so the server does not store tags.
   *
   * The function changes nothing in ITSM, with one exception. For a `FINISHED` ticket of the operation it
   * reads the approval result, and ITSM then removes the ticket from its list of failed callbacks. Where the
   * user of the connection may not read results, the decisions in the log must settle the verdict, and
   * `Outcome.evidence` says so. Sends two requests at once, and for a `FINISHED` ticket two more at once.
   *
   * Fails with `fix-argument` when `sn` is not a ticket number of 1 to 64 bytes, or when `tag` does not have
   * the form of a tag.
   * @throws {ItsmError}
   */
  confirm(connection: Input<Connection>, sn: string, tag: string, options?: CallOptions): Promise<Confirmation>;
  /**
   * Asks ITSM about a ticket of the host, by the number that `create` or `recover` returned. The function
   * uses no tag, so it also works on servers without tags. Never pass a number that a callback names:
   * anybody can name any number. Sends one to three requests.
   *
   * For a `FINISHED` ticket the function reads the approval result, and ITSM then removes the ticket from
   * its list of failed callbacks. Fails with `fix-argument` `sn` when `sn` is not a ticket number of 1 to 64
   * bytes.
   * @throws {ItsmError}
   */
  confirmOwn(connection: Input<Connection>, sn: string, options?: CallOptions): Promise<Confirmation>;
  /**
   * Searches for an operation's ticket by its tag, after the answer to `create` was lost.
   *
   * `ticket` is the value that `create` received. The tag identifies the ticket, and the creator is a check:
   * a ticket of another creator is `mismatched`. The titles are not compared, because ITSM rewrites titles.
   *
   * The function also searches for a new random tag. If that search finds tickets, the server ignores tags,
   * and the result is `untraceable`. Where no ticket carries the operation's tag, the function also searches
   * for a new random project key. Servers that ignore that condition are older than V2.6.3 and do not store
   * tags, and the result is again `untraceable`. So `absent` always comes from a server that would have
   * found the ticket. The function changes nothing in ITSM. Sends two or three requests.
   *
   * Fails with `fix-argument` for a ticket that `create` would have refused.
   * @throws {ItsmError}
   */
  recover(connection: Input<Connection>, ticket: Input<NewTicket>, options?: CallOptions): Promise<Recovery>;
  /**
   * Asks ITSM about several tickets of the host, for example when callbacks may have been lost. `sns` are 1
   * to 50 numbers from the host's own records. The result has one answer for each number, in the same order.
   * For more numbers, call again.
   *
   * The answers are those of `confirmOwn`, with fewer requests. One request finds the tickets. If some
   * tickets ended as `FINISHED`, one more request reads their results, and ITSM removes them from its list
   * of failed callbacks. One request for each `FINISHED` ticket reads its log, four at once. The function
   * needs neither that list nor tags.
   *
   * Fails with `fix-argument` `sns` when there are fewer than 1 or more than 50 numbers. When one request
   * fails, the whole call fails.
   * @throws {ItsmError}
   */
  reconcile(connection: Input<Connection>, sns: Input<string[]>, options?: CallOptions): Promise<Confirmed[]>;
  /**
   * Reads ITSM's results, newest first. Unknown numbers are left out.
   *
   * ITSM removes the numbers from its list of failed callbacks, even when they belong to another app: pass
   * only numbers of the host. Fails with `fix-argument` `sns` when there are fewer than 1 or more than 50
   * numbers. Fails with `send-verified-user` when the server requires a verified user, as most gateways do.
   * @throws {ItsmError}
   */
  approvalResults(connection: Input<Connection>, sns: Input<string[]>, options?: CallOptions): Promise<ApprovalResult[]>;
  /**
   * Asks ITSM whether it issued the token of a callback. The token is one constant for all tickets and all
   * receivers. True proves only that ITSM issued the token to somebody at some time, and nothing about the
   * callback's body.
   *
   * Fails with `fix-argument` `token` when the token is blank. A token that ITSM can't decode gives `false`,
   * or fails with code 3900004: treat both as no.
   * @throws {ItsmError}
   */
  verifyToken(connection: Input<Connection>, token: string, options?: CallOptions): Promise<boolean>;
  /**
   * Reads which of the numbers in `among` are on ITSM's list of failed callbacks, in the order of `among`.
   *
   * The result is only a hint: the list belongs to all apps, and other apps can remove numbers of the host.
   * The component reads at most 16 MiB. With an empty `among`, no request is sent. Fails with
   * `send-verified-user` when the server requires a verified user, as most gateways do.
   * @throws {ItsmError}
   */
  failedCallbacks(connection: Input<Connection>, among: Input<string[]>, options?: CallOptions): Promise<string[]>;
  /**
   * Finds tickets. `page` counts from 1, and `pageSize` is 1 to 10 000. A page after the last page has no
   * tickets and is not a failure. With a tag or a project key in the filter, the component sends one or two
   * more requests, which test whether the server ignores the condition.
   *
   * Fails with `fix-argument` `pageSize` when the page has more than 4 MiB: about 5 000 tickets fit. Fails
   * with `fix-argument` and the name of the condition when a condition is invalid or ignored by the server.
   * @throws {ItsmError}
   */
  search(connection: Input<Connection>, filter: Input<TicketFilter>, page: Input<number>, pageSize: Input<number>, options?: CallOptions): Promise<TicketPage>;
  /**
   * Finds the tickets that concern a user. Pages work as in `search`, but fewer tickets fit on a page.
   *
   * Fails with `fix-argument` `connection.endpoint` over an ESB, because no ESB publishes the action: use a
   * gateway. Fails with `fix-argument` and the name of the condition as `search` does.
   * @throws {ItsmError}
   */
  searchByUser(connection: Input<Connection>, user: string, view: Input<UserView>, filter: Input<UserFilter>, page: Input<number>, pageSize: Input<number>, options?: CallOptions): Promise<UserTicketPage>;
  /**
   * Reads the present state of a ticket, with the allowed actions and the forms of its running nodes. Fails
   * with `fix-argument` `sn` when no ticket has the number.
   * @throws {ItsmError}
   */
  status(connection: Input<Connection>, sn: string, options?: CallOptions): Promise<TicketStatus>;
  /**
   * Reads a ticket with its form and, if the ticket has ended, the time of its end. Fails with
   * `fix-argument` `sn` when no ticket has the number.
   * @throws {ItsmError}
   */
  info(connection: Input<Connection>, sn: string, options?: CallOptions): Promise<TicketInfo>;
  /**
   * Reads a ticket's log, oldest entry first. Fails with `fix-argument` `sn` when no ticket has the number.
   * @throws {ItsmError}
   */
  log(connection: Input<Connection>, sn: string, options?: CallOptions): Promise<LogEntry[]>;
  /**
   * Explains the state or the end of a ticket: the ending, the decisions and their reasons.
   *
   * The function uses structured data only, never the texts of the log, and the same rules as `confirm`.
   * Where the rules do not settle the end, the ending is `undetermined`. The explanation is for people and
   * reports. To act, use `confirm`, which also proves whose ticket it is. For a `FINISHED` ticket the
   * function reads the approval result, and ITSM then removes the ticket from its list of failed callbacks.
   * Sends two to five requests, and waits three seconds when no node is running.
   *
   * Fails with `fix-argument` `sn` when no ticket has the number, and with `fix-argument`
   * `connection.deadlineMs` when no node is running and the deadline leaves no time for the three seconds.
   * @throws {ItsmError}
   */
  explain(connection: Input<Connection>, sn: string, options?: CallOptions): Promise<Explanation>;
}

/**
 * Functions that act on a ticket of the host. Waiting for an approval requires none of them.
 *
 * The component sends each change once and never repeats it. When `failure.mayHaveActed` is true, read the
 * ticket before you call again. ITSM records each change under the name of the given user.
 */
export interface Operations {
  /**
   * Withdraws a ticket, as its creator. `message` is the reason, 1 to 255 characters. The flow's settings
   * limit the withdrawal: by default a ticket can be withdrawn until somebody has handled the first node.
   *
   * ITSM calls back during this request. The receiver of the callback must be able to answer meanwhile, with
   * an instance of its own. Otherwise the request and the callback wait for each other.
   *
   * Fails with `give-up` when ITSM refuses the withdrawal: the flow does not allow it any more, the ticket
   * has ended, or `operator` is not the creator. Fails with `fix-argument` `sn` when no ticket has the
   * number.
   * @throws {ItsmError}
   */
  withdraw(connection: Input<Connection>, sn: string, operator: string, message: string, options?: CallOptions): Promise<void>;
  /**
   * Terminates a ticket, as one of its current processors or as a ticket manager. `message` is the reason, 1
   * to 255 characters. ITSM calls back during this request, as for `withdraw`. Use the function also to
   * terminate at a node: ITSM's action for one node fails on current servers.
   *
   * Fails with `give-up` when `operator` may not terminate the ticket, for example as its creator alone, or
   * when the ticket has ended. Fails with `fix-argument` `sn` when no ticket has the number.
   * @throws {ItsmError}
   */
  terminate(connection: Input<Connection>, sn: string, operator: string, message: string, options?: CallOptions): Promise<void>;
  /**
   * Suspends a ticket, as one of its current processors or as a ticket manager. `message` is the reason, 1
   * to 255 characters. A suspended ticket can still be approved over the API. Do not suspend a ticket twice:
   * one `resume` would then succeed and leave the ticket suspended.
   *
   * Fails with `give-up` when `operator` may not suspend the ticket, or when the ticket has ended. Fails
   * with `fix-argument` `sn` when no ticket has the number.
   * @throws {ItsmError}
   */
  suspend(connection: Input<Connection>, sn: string, operator: string, message: string, options?: CallOptions): Promise<void>;
  /**
   * Resumes a suspended ticket, as one of its current processors or as a ticket manager. `message` is the
   * reason, 1 to 255 characters. Read `tickets.status` afterwards to see whether the ticket runs.
   *
   * Fails with `give-up` when `operator` may not resume the ticket, or when the ticket has ended. Fails with
   * `fix-argument` `sn` when no ticket has the number.
   * @throws {ItsmError}
   */
  resume(connection: Input<Connection>, sn: string, operator: string, message: string, options?: CallOptions): Promise<void>;
  /**
   * Reads the decision of a finished approval. Take the node's id from `tickets.status` while the node is
   * running, or from `services.nodes`.
   *
   * Fails with `fix-argument` `sn` when no ticket has the number. Fails with `fix-argument` `nodeId` and
   * code 3900005 when the node has not finished. Over an ESB, fails with `fix-argument`
   * `connection.endpoint`, because no ESB publishes the action: use a gateway.
   * @throws {ItsmError}
   */
  nodeResult(connection: Input<Connection>, sn: string, nodeId: Input<number>, options?: CallOptions): Promise<NodeDecision>;
  /**
   * Reads the users who have decided at an approval. Empty while nobody has decided. When two users decide
   * at the same moment and one decision is enough, ITSM names both.
   *
   * Fails with `fix-argument` `sn` when no ticket has the number. Over an ESB, fails with
   * `fix-argument` `connection.endpoint`, because no ESB publishes the action: use a gateway.
   * @throws {ItsmError}
   */
  approvers(connection: Input<Connection>, sn: string, nodeId: Input<number>, options?: CallOptions): Promise<string[]>;
  /**
   * Rates a `FINISHED` ticket (ITSM's action `comment`, over an ESB `comment_ticket`). A ticket can be rated
   * once. `stars` is 1 to 5. `comments` has at most 255 characters and can be empty. The operator's name has
   * at most 16 characters.
   *
   * Fails with `fix-argument` `sn` when the ticket is not `FINISHED` or was already rated, and with the name
   * of an argument that is beyond its limits.
   * @throws {ItsmError}
   */
  rate(connection: Input<Connection>, sn: string, operator: string, stars: Input<number>, comments: string, options?: CallOptions): Promise<void>;
  /**
   * Adds followers to a ticket. Fails with `fix-argument` `sn` when no ticket has the number, and with
   * `fix-argument` `users` when the list is empty. Over an ESB, fails with `fix-argument`
   * `connection.endpoint`, because no ESB publishes the action: use a gateway.
   * @throws {ItsmError}
   */
  follow(connection: Input<Connection>, sn: string, users: Input<string[]>, options?: CallOptions): Promise<void>;
  /**
   * Removes followers from a ticket. Fails as `follow` does.
   * @throws {ItsmError}
   */
  unfollow(connection: Input<Connection>, sn: string, users: Input<string[]>, options?: CallOptions): Promise<void>;
}

/**
 * Functions that handle tickets for a named user: they decide approvals and submit forms. A caller of the
 * interface can approve, so the world `consumer` does not import it.
 *
 * The component sends each change once and never repeats it. When `failure.mayHaveActed` is true, read the
 * ticket before you call again. ITSM records each change under the name of the given user, without a proof
 * from that user: the host must make sure that the user agrees.
 */
export interface Handling {
  /**
   * Decides an approval, as one of the node's processors. `approved` is true for yes and false for no.
   * `remark` can be empty. When two users decide at the same moment and one decision is enough, ITSM answers
   * both with success and counts one decision. A suspended ticket can still be approved.
   *
   * No ESB publishes the action. Over an ESB the component reads the node's form and submits the form, as
   * `tickets.status` and `transition` do. There a no requires a remark. If the form requires more than the
   * decision and a remark, use `transition` with all fields.
   *
   * Fails with `look-up` when the node is not running or `approver` is not one of its processors, because
   * ITSM's answer does not prove that nothing was done. Over an ESB, fails with `fix-argument` `nodeId`
   * when the node is not a running approval or its form requires more: nothing was sent then. Fails with
   * `fix-argument` `sn` when no ticket has the number.
   * @throws {ItsmError}
   */
  approve(connection: Input<Connection>, sn: string, nodeId: Input<number>, approver: string, approved: boolean, remark: string, options?: CallOptions): Promise<void>;
  /**
   * Submits the form of a node, as one of its processors. `fields` are at least the required fields of
   * `RunningNode.fields`.
   *
   * Fails with `fix-argument` when a required field is missing or a value is `FieldValue.json`. Fails with
   * `give-up` when `operator` may not handle the node.
   * @throws {ItsmError}
   */
  transition(connection: Input<Connection>, sn: string, nodeId: Input<number>, operator: string, fields: Input<Field[]>, options?: CallOptions): Promise<void>;
  /**
   * Claims a node that several users may handle: `operator` becomes the node's processor. Fails with
   * `fix-argument` `nodeId` when the node can't be claimed, and with `give-up` when `operator` may not
   * claim it.
   * @throws {ItsmError}
   */
  claim(connection: Input<Connection>, sn: string, nodeId: Input<number>, operator: string, options?: CallOptions): Promise<void>;
  /**
   * Assigns a node to `to`, where the flow requires that somebody distributes the node. Fails with
   * `fix-argument` when `to` is empty, and with `give-up` when `operator` may not distribute the node.
   * @throws {ItsmError}
   */
  distribute(connection: Input<Connection>, sn: string, nodeId: Input<number>, operator: string, to: Input<Assignees>, options?: CallOptions): Promise<void>;
  /**
   * Hands a node over to `to` (ITSM's DELIVER), where the flow allows a hand-over. `message` is the reason,
   * 1 to 255 characters. Fails with `fix-argument` when the flow does not allow a hand-over or an argument
   * is invalid, and with `give-up` when `operator` may not hand the node over.
   * @throws {ItsmError}
   */
  handOver(connection: Input<Connection>, sn: string, nodeId: Input<number>, operator: string, to: Input<Assignees>, message: string, options?: CallOptions): Promise<void>;
  /**
   * Changes fields of the form with which an open ticket was created. ITSM requires each field's type, so
   * the component reads the form first. ITSM does not check `operator`: it only writes the name into the
   * log. ITSM stores the value of a field of the type `MEMBERS` without a check.
   *
   * Fails with `fix-argument` `sn` when no ticket has the number. Fails with `fix-argument` `fields` when
   * the form does not contain a key, or when the ticket has ended: nothing was changed. Over an ESB, fails
   * with `fix-argument` `connection.endpoint`, because no ESB publishes the action: use a gateway.
   * @throws {ItsmError}
   */
  editFields(connection: Input<Connection>, sn: string, operator: string, fields: Input<Field[]>, options?: CallOptions): Promise<void>;
}

/**
 * Functions that read catalogues, services, their forms and the nodes of their flows. The functions change
 * nothing in ITSM.
 *
 * Keep the services of a system in a project of their own (servers from 2.6.0 on). Catalogues are listed by
 * the key of the project, and a ticket takes the project of its service.
 */
export interface Services {
  /**
   * Lists the services that meet the conditions of `filter`. Fails with `fix-argument` when a field of
   * `connection` is invalid.
   * @throws {ItsmError}
   */
  listServices(connection: Input<Connection>, filter: Input<ServiceFilter>, options?: CallOptions): Promise<ServiceSummary[]>;
  /**
   * Reads a service with its form: the fields that a ticket of the service has to fill in. Fails with
   * `fix-argument` `serviceId` when no service has the id.
   * @throws {ItsmError}
   */
  form(connection: Input<Connection>, serviceId: Input<number>, options?: CallOptions): Promise<ServiceForm>;
  /**
   * Lists the catalogues of a project. A catalogue comes after the catalogue that contains it. With
   * `projectKey` `undefined`, the project is the default project `"0"`. With `onlyWithServices`, catalogues
   * without a service are left out. Fails with `fix-argument` when a field of `connection` is invalid.
   * @throws {ItsmError}
   */
  listCatalogs(connection: Input<Connection>, projectKey: Input<string | undefined>, onlyWithServices: boolean, options?: CallOptions): Promise<Catalog[]>;
  /**
   * Lists the nodes of a service's flow in their order. The first node is the node that creates tickets.
   * With `ticketCreator`, nodes whose processor is the creator or the creator's leader contain that user.
   *
   * Fails with `fix-argument` `serviceId` when no service has the id. Fails with `send-verified-user` when
   * the server requires a verified user, as most gateways do.
   * @throws {ItsmError}
   */
  nodes(connection: Input<Connection>, serviceId: Input<number>, ticketCreator: Input<string | undefined>, options?: CallOptions): Promise<Node[]>;
  /**
   * Translates names of nodes into ids of nodes. Put the result into `tickets.NewTicket.processors`.
   *
   * The function also reads the service's flow. Where the server gives the flow, a node that would ignore
   * the users is `ignores-processors`. An ESB gives the flow to a connection with a user. API gateways
   * publish a wrong address for the flow, so the component can't read the flow there and returns the users
   * unchecked. Sends three requests. Fails with `ResolveError` when a name does not lead to exactly one
   * usable node.
   * @throws {ItsmError} whose `payload` is `ResolveError`
   */
  resolveProcessors(connection: Input<Connection>, serviceId: Input<number>, named: Input<NamedProcessors[]>, options?: CallOptions): Promise<NodeProcessors[]>;
  /**
   * Reads a whole flow as JSON text. The function works over an ESB. Fails with `fix-argument`
   * `connection.endpoint` over an API gateway, because gateways publish a wrong address for the action.
   * @throws {ItsmError}
   */
  workflowDetail(connection: Input<Connection>, workflowId: Input<number>, options?: CallOptions): Promise<string>;
}

/**
 * Functions that create and replace services. A caller of the interface can replace an approval flow, so the
 * world `consumer` does not import it.
 *
 * The component sends each request once and never repeats it. When `failure.mayHaveActed` is true, list
 * the services or the catalogues before you call again. The oldest community ESB does not have the actions:
 * a call then fails with `fix-argument` `connection.endpoint`.
 */
export interface Administration {
  /**
   * Creates a catalogue from a JSON object such as
   * `{"parent__id":1,"name":"CMDB","desc":"","project_key":"cmdb"}`. Returns ITSM's answer as JSON text.
   * Fails with `fix-argument` `catalogJson` when the text is not a JSON object or ITSM refuses a member.
   * @throws {ItsmError}
   */
  createCatalog(connection: Input<Connection>, catalogJson: string, options?: CallOptions): Promise<string>;
  /**
   * Creates a service with its flow from a JSON object, as a site exports a service. Returns ITSM's answer
   * as JSON text. Fails with `fix-argument` `serviceJson` when the text is not a JSON object or ITSM
   * refuses a member.
   * @throws {ItsmError}
   */
  importService(connection: Input<Connection>, serviceJson: string, options?: CallOptions): Promise<string>;
  /**
   * Replaces a service and its flow. The JSON object is that of `importService` with the service's `id`.
   * Returns ITSM's answer as JSON text. Tickets that already run keep their old flow. Fails with
   * `fix-argument` `serviceJson` when the text is not a JSON object or ITSM refuses a member.
   * @throws {ItsmError}
   */
  updateService(connection: Input<Connection>, serviceJson: string, options?: CallOptions): Promise<string>;
}

/** Functions that find the errors of a configuration and describe failures, in words for people. */
export interface Diagnosis {
  /**
   * Describes the next step after a failure, and whether ITSM may have acted, in sentences for a person.
   * Show the sentences beside `failure.message`, because they do not repeat the message. The text has at
   * most 512 bytes on one line. The function sends no request.
   *
   * With `authorization.added-by-host`, redact the texts of the failure first: a server can repeat what the
   * host added, and the component does not know those secrets.
   */
  describeFailure(failure: Input<Failure>, language: Input<Language>): string;
  /**
   * Tests whether the connection can use the actions for creating, confirming and tracking tickets, and
   * returns one finding for each action. The tests change nothing: they use a number that no ticket has, and
   * an empty body where ITSM refuses an empty body. One finding says whether the server finds tickets by
   * their tag, which `tickets.confirm` and `tickets.recover` need. The list ends early when the server can't
   * be reached.
   *
   * Fails only when a field of `connection` is invalid. Every other failure is a finding.
   * @throws {ItsmError}
   */
  diagnose(connection: Input<Connection>, options?: CallOptions): Promise<Finding[]>;
  /**
   * Posts a test callback to the host's own callback address, in the form that ITSM uses. The number of the
   * test callback is `ITSM-SELF-CHECK`, which no ticket has. The host must allow the component to call the
   * address. The time limit is 10 seconds.
   *
   * Give the headers that tickets get, with a binding that was made for the test. The test then also shows
   * that no proxy removes the header. Fails with `CallbackUrlError` when the address can't receive callbacks.
   * @throws {ItsmError} whose `payload` is `CallbackUrlError`
   */
  checkCallbackUrl(target: Input<CallbackTarget>, options?: CallOptions): Promise<void>;
}

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
