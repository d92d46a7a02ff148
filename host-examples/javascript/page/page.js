// Shows what a callback says, in the component's words. Nothing is sent, nothing is stored.

import { callbacks } from './generated/itsm-callbacks.js';
import { readPasted } from './pasted.js';
import { WORDS } from './words.js';

/** @import { Callback, Claims, BindingError, ParseError } from './generated/interfaces/blueking-itsm-callbacks.js' */
/** @import { Pasted } from './pasted.js' */
/** @typedef {keyof typeof WORDS} Language */
/** @typedef {keyof typeof WORDS.en} Text */
/** @typedef {{ kind: 'nothing' | 'unread' | 'wrong' } | { kind: 'claim' | 'selfCheck', callback: Callback }} Body */
/** @typedef {{ text: Text, claims?: Claims }} Header */

/** ITSM's words for a ticket that has not ended. */
const OPEN_STATUSES = ['RUNNING', 'SUSPENDED'];
/** A longer value would push the rest out of sight. */
const LONG = 200;

const inputs = {
  body: find('#body', HTMLTextAreaElement),
  header: find('#header', HTMLTextAreaElement),
  key: find('#key', HTMLInputElement),
  address: find('#address', HTMLInputElement),
};
/** @type {Language} */
let language = navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
/** The address is the page's guess: nobody entered it. */
let guessed = false;

function show() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = WORDS[language].title;
  for (const element of document.querySelectorAll('[data-text]')) {
    write(element, /** @type {Text} */ (element.getAttribute('data-text')));
  }
  for (const button of document.querySelectorAll('#languages button')) {
    button.setAttribute('aria-pressed', String(button.getAttribute('value') === language));
  }
  const pasted = readPasted({ header: inputs.header.value, body: inputs.body.value });
  inputs.body.placeholder = pasted.body ? WORDS[language].foundInOther : '';
  inputs.header.placeholder = pasted.headers ? WORDS[language].foundInOther : '';
  const body = showBody(pasted);
  const header = showHeader(pasted);
  showVerdict(body, header);
  showNext(body, header);
}

/**
 * @param {Pasted} pasted
 * @returns {Body}
 */
function showBody({ body, bodyProblem }) {
  const result = find('#body-result', HTMLElement);
  const list = find('#callback', HTMLElement);
  list.replaceChildren();
  if (bodyProblem || !body) {
    mark(result, bodyProblem && 'no');
    write(result, bodyProblem ?? 'nothing');
    return { kind: bodyProblem ? 'unread' : 'nothing' };
  }
  try {
    const callback = callbacks.parse(new TextEncoder().encode(body));
    const isSelfCheck = callbacks.isSelfCheck(callback);
    const ended = !OPEN_STATUSES.includes(callback.status);
    const verdict = callbacks.conclude(callback.status, callback.approveResult, ended);
    const answered = WORDS[language][callback.approveResult ? 'yes' : 'no'];
    const isResult = verdict === 'approved' || verdict === 'rejected';
    write(result, isSelfCheck ? 'selfCheck' : verdict);
    mark(result, 'claim');
    rows(list, [
      ['sn', callback.sn],
      ['ticketTitle', callback.title],
      ['status', callback.status],
      ['approveResult', isResult ? answered : WORDS[language].noResult.replace('{0}', String(callback.approveResult))],
      ['lastApprovers', callback.lastApprovers.join(', ')],
      ['updatedBy', callback.updatedBy.join(', ')],
      ['updatedAt', callback.updatedAt],
      ['ticketUrl', callback.ticketUrl],
    ]);
    return { kind: isSelfCheck ? 'selfCheck' : 'claim', callback };
  } catch (error) {
    /** @type {ParseError} */
    const why = payload(error);
    mark(result, 'no');
    if (why.tag === 'too-large') write(result, 'tooLarge', String(why.val));
    else if (why.tag === 'field') write(result, 'field', why.val.name, why.val.reason);
    else write(result, why.tag === 'malformed' ? 'malformed' : 'unreadable', '', why.val);
    return { kind: 'wrong' };
  }
}

/**
 * @param {Pasted} pasted
 * @returns {Header}
 */
function showHeader({ headers, headerProblem }) {
  const result = find('#header-result', HTMLElement);
  const list = find('#claims', HTMLElement);
  const { header, words = '', value = '' } = checkHeader(headers, headerProblem);
  const { text, claims } = header;
  /** @type {Text[]} */
  const open = ['nothing', 'needKey', 'needAddress'];
  mark(result, text === 'bound' ? 'yes' : open.includes(text) ? undefined : 'no');
  write(result, text, value, words);
  list.replaceChildren();
  if (claims) showClaims(list, claims);
  return header;
}

/**
 * @param {Pasted['headers']} headers
 * @param {Pasted['headerProblem']} problem
 * @returns {{ header: Header, value?: string, words?: string }} with the component's words, where it has some
 */
function checkHeader(headers, problem) {
  if (problem) return { header: { text: problem } };
  if (!headers) return { header: { text: 'nothing' } };
  const address = inputs.address.value.trim();
  // The field drops line breaks, so that a list of lines comes without anything between its keys.
  const keys = inputs.key.value.split(/[\s,;]+|(?=itsm-key\.)/).filter(Boolean);
  if (headers.length && !keys.length) return { header: { text: 'needKey' } };
  if (headers.length && !address) return { header: { text: 'needAddress' } };
  try {
    // The tag that comes with the claims is a secret: it is not shown.
    const { claims } = callbacks.checkBinding(keys, headers, address, BigInt(Math.floor(Date.now() / 1000)));
    return { header: { text: 'bound', claims } };
  } catch (error) {
    /** @type {BindingError} */
    const why = payload(error);
    if (why.tag === 'expired') return { header: { text: 'expired', claims: why.val } };
    if (why.tag === 'other') return { header: { text: 'unbound' }, words: why.val };
    if (why.tag === 'invalid-key') return { header: { text: 'invalidKey' }, value: String(why.val + 1) };
    if (why.tag === 'forged') return { header: { text: guessed ? 'forgedGuess' : 'forged' } };
    if (why.tag === 'unknown-key') return { header: { text: 'unknownKey' } };
    if (why.tag === 'absent') return { header: { text: 'absent' } };
    const words = wrongAddress(keys[0], address);
    return { header: { text: words ? 'badAddress' : 'malformedHeader' }, words };
  }
}

/**
 * What the component finds wrong with an address. With such an address it calls every header malformed.
 * @param {string} key
 * @param {string} callbackUrl
 */
function wrongAddress(key, callbackUrl) {
  try {
    callbacks.bind(key, { operationId: 'a', callbackUrl, expiresS: 0n });
  } catch (error) {
    return String(payload(error));
  }
}

/**
 * @param {HTMLElement} list
 * @param {Claims} claims
 */
function showClaims(list, { operationId, callbackUrl, expiresS }) {
  const end = new Date(Number(expiresS) * 1000);
  const when = Number.isNaN(end.valueOf())
    ? String(expiresS)
    : end.toLocaleString(document.documentElement.lang, { dateStyle: 'long', timeStyle: 'short' });
  rows(list, [
    ['operationId', operationId],
    ['callbackUrl', callbackUrl],
    ['expires', when],
  ]);
}

/** What each result of the header comes to, where the header does not hold. @type {Partial<Record<Text, Text>>} */
const VERDICTS = {
  needKey: 'verdictEnter',
  needAddress: 'verdictEnter',
  invalidKey: 'verdictEnter',
  badAddress: 'verdictEnter',
  absent: 'verdictAbsent',
  malformedHeader: 'verdictMalformed',
  unbound: 'verdictMalformed',
  unknownKey: 'verdictUnknownKey',
  forged: 'verdictForged',
  forgedGuess: 'verdictGuess',
  expired: 'verdictExpired',
};

/**
 * What the body comes to, without a header and with one that holds.
 * @type {Record<Body['kind'], { alone: Text, bound: Text }>}
 */
const BODY_VERDICTS = {
  nothing: { alone: 'verdictNothing', bound: 'verdictBoundAlone' },
  unread: { alone: 'verdictPaste', bound: 'verdictBoundAlone' },
  wrong: { alone: 'verdictNoCallback', bound: 'verdictBoundNoCallback' },
  claim: { alone: 'verdictBody', bound: 'verdictBound' },
  selfCheck: { alone: 'verdictBody', bound: 'verdictSelfCheck' },
};

/** @type {Text[]} */
const GOOD = ['verdictBound', 'verdictSelfCheck'];
/** @type {Text[]} */
const UNDECIDED = [
  'verdictNothing',
  'verdictPaste',
  'verdictBody',
  'verdictEnter',
  'verdictGuess',
  'verdictBoundAlone',
];

/**
 * What all of it proves, and what to do next.
 * @param {Body} body
 * @param {Header} header
 */
function showVerdict({ kind }, { text, claims }) {
  const result = find('#verdict', HTMLElement);
  const { alone, bound } = BODY_VERDICTS[kind];
  const verdict = text === 'bound' ? bound : text === 'nothing' ? alone : (VERDICTS[text] ?? 'verdictPaste');
  mark(result, GOOD.includes(verdict) ? 'yes' : UNDECIDED.includes(verdict) ? undefined : 'no');
  write(result, verdict, claims?.operationId);
}

/**
 * The question that a receiver asks ITSM next.
 * @param {Body} body
 * @param {Header} header
 */
function showNext(body, { text }) {
  const next = find('#next', HTMLElement);
  if (body.kind !== 'claim' || text !== 'bound') return write(next, 'dontAsk');
  write(next, 'ask', `tickets.confirm(connection, ${JSON.stringify(body.callback.sn)}, tag)`);
}

/**
 * Writes a text, whose code stands between backquotes.
 * @param {Element} element
 * @param {Text} text
 * @param {string} [value] what stands for {0} in it
 * @param {string} [words] the component's own words, which are English
 */
function write(element, text, value = '', words = '') {
  const parts = WORDS[language][text].split('`').map((part, at) =>
    tag(
      at % 2 ? 'code' : 'span',
      part.replace('{0}', () => shorten(value)),
    ),
  );
  if (words) {
    const quote = tag('q', shorten(words));
    quote.lang = 'en';
    parts.push(tag('br', ''), tag('span', WORDS[language].component), quote);
  }
  // What is unchanged is not touched, or a screen reader would read it out again.
  if (element.textContent !== parts.map((part) => part.textContent).join('')) element.replaceChildren(...parts);
}

/** @param {string} text */
function shorten(text) {
  return text.length > LONG ? `${text.slice(0, LONG)}…` : text;
}

/**
 * @param {HTMLElement} list
 * @param {[Text, string][]} items
 */
function rows(list, items) {
  list.replaceChildren(
    ...items.flatMap(([name, value]) => {
      const cell = tag('dd', value || WORDS[language].none);
      if (value.length > LONG) cell.replaceChildren(scroller(WORDS[language][name], value));
      return [tag('dt', WORDS[language][name]), cell];
    }),
  );
}

/**
 * A long value, which is scrolled by keyboard too.
 * @param {string} name
 * @param {string} value
 */
function scroller(name, value) {
  const element = tag('div', value);
  element.className = 'long';
  element.tabIndex = 0;
  element.setAttribute('role', 'group');
  element.setAttribute('aria-label', name);
  return element;
}

/**
 * @param {HTMLElement} result
 * @param {'claim' | 'yes' | 'no' | undefined} kind
 */
function mark(result, kind) {
  result.className = kind ?? 'empty';
}

/**
 * @param {string} name
 * @param {string} text
 */
function tag(name, text) {
  const element = document.createElement(name);
  element.textContent = text;
  return element;
}

/**
 * @template {HTMLElement} E
 * @param {string} selector
 * @param {new () => E} type
 */
function find(selector, type) {
  const element = document.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`the page lacks ${selector}`);
  return element;
}

/**
 * An error of the WIT. Anything else is a defect, and shows in the console.
 * @param {any} error
 */
function payload(error) {
  if (error.payload === undefined) throw error;
  return error.payload;
}

/** Enters the address of the request, unless somebody entered one. The component needs the one that ITSM was given. */
function guess() {
  if (!guessed && inputs.address.value.trim()) return;
  const { address = '' } = readPasted({ header: inputs.header.value, body: inputs.body.value });
  inputs.address.value = address;
  setGuessed(address !== '');
}

/** @param {boolean} is */
function setGuessed(is) {
  guessed = is;
  const hint = find('#address-hint', HTMLElement);
  hint.setAttribute('data-text', guessed ? 'addressGuessed' : 'addressHint');
  hint.classList.toggle('guess', guessed);
}

function clear() {
  for (const input of Object.values(inputs)) input.value = '';
  setGuessed(false);
  show();
}

/** Takes a callback from the part of the address that no server is sent, and removes it there. Never a key. */
function takeFragment() {
  if (!location.hash) return;
  const given = new URLSearchParams(location.hash.slice(1));
  history.replaceState(null, '', location.href.split('#')[0]);
  const lang = given.get('lang');
  if (lang === 'zh' || lang === 'en') language = lang;
  const names = /** @type {const} */ (['body', 'header', 'address']);
  if (!names.some((name) => given.has(name))) return;
  // All three, or else parts of two callbacks would be read together.
  for (const name of names) inputs[name].value = given.get(name) ?? '';
  setGuessed(false);
  guess();
}

/** A callback as ITSM posts it, and a header made with a key of its own. */
function fillIn() {
  const callbackUrl = 'https://cmdb.example.com/itsm/callback';
  const key = `itsm-key.example.${'5eed'.repeat(16)}`;
  const expiresS = BigInt(Math.floor(Date.now() / 1000) + 30 * 24 * 3600);
  const {
    header: [name, value],
  } = callbacks.bind(key, { operationId: 'k7w2hq4mzx3n6vbr5tjd8ycpfa', callbackUrl, expiresS });
  const title = language === 'zh' ? '申请开通账号' : 'open an account';
  inputs.body.value =
    `{"title": "${title}", "current_status": "FINISHED", "sn": "REQ20261124000058", ` +
    '"ticket_url": "http://itsm.example.com/weixin/#/ticket/55/", "update_at": "2026-11-24 07:35:59.863513", ' +
    '"updated_by": ",carol,admin,", "approve_result": true, "token": "...", "last_approver": "admin"}';
  inputs.header.value = `${name}: ${value}`;
  inputs.key.value = key;
  inputs.address.value = callbackUrl;
  setGuessed(false);
  show();
}

for (const input of [inputs.body, inputs.header]) input.addEventListener('input', guess);
inputs.address.addEventListener('input', () => setGuessed(false));
for (const input of Object.values(inputs)) input.addEventListener('input', show);
for (const button of document.querySelectorAll('#languages button')) {
  button.addEventListener('click', () => {
    language = button.getAttribute('value') === 'zh' ? 'zh' : 'en';
    show();
  });
}
find('#example', HTMLButtonElement).addEventListener('click', fillIn);
find('#clear', HTMLButtonElement).addEventListener('click', clear);
// Also from the copy that a browser keeps for its back button.
addEventListener('pagehide', clear);
addEventListener('hashchange', () => {
  takeFragment();
  show();
});

takeFragment();
show();
find('#start', HTMLElement).remove();
find('main', HTMLElement).hidden = false;
