// Shows what a callback says, in the component's words. Nothing is sent, nothing is stored.

import { callbacks } from './generated/itsm-callbacks.js';
import { WORDS } from './words.js';

/** @import { Callback, Claims, BindingError, ParseError } from './generated/interfaces/blueking-itsm-callbacks.js' */
/** @typedef {keyof typeof WORDS} Language */
/** @typedef {keyof typeof WORDS.en} Text */

const inputs = {
  body: find('#body', HTMLTextAreaElement),
  header: find('#header', HTMLTextAreaElement),
  key: find('#key', HTMLInputElement),
  address: find('#address', HTMLInputElement),
};
/** @type {Language} */
let language = navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';

function show() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  document.title = WORDS[language].title;
  for (const element of document.querySelectorAll('[data-text]')) {
    write(element, /** @type {Text} */ (element.getAttribute('data-text')));
  }
  for (const button of document.querySelectorAll('#languages button')) {
    button.setAttribute('aria-pressed', String(button.getAttribute('value') === language));
  }
  showNext(showBody(), showHeader());
}

/** @returns {Callback | undefined} */
function showBody() {
  const result = find('#body-result', HTMLElement);
  const list = find('#callback', HTMLElement);
  list.replaceChildren();
  const text = inputs.body.value;
  mark(result, undefined);
  if (!text.trim()) return write(result, 'nothing');
  try {
    const callback = callbacks.parse(new TextEncoder().encode(text));
    const verdict = callbacks.conclude(callback.status, callback.approveResult, true);
    write(result, callbacks.isSelfCheck(callback) ? 'selfCheck' : verdict);
    mark(result, 'claim');
    rows(list, [
      ['sn', callback.sn],
      ['ticketTitle', callback.title],
      ['status', callback.status],
      ['approveResult', WORDS[language][callback.approveResult ? 'yes' : 'no']],
      ['lastApprovers', callback.lastApprovers.join(', ')],
      ['updatedBy', callback.updatedBy.join(', ')],
      ['updatedAt', callback.updatedAt],
      ['ticketUrl', callback.ticketUrl],
    ]);
    return callback;
  } catch (error) {
    /** @type {ParseError} */
    const why = payload(error);
    mark(result, 'no');
    if (why.tag === 'too-large') return write(result, 'tooLarge', String(why.val));
    if (why.tag === 'field') return write(result, 'field', why.val.name, why.val.reason);
    write(result, why.tag === 'malformed' ? 'malformed' : 'unreadable', '', why.val);
  }
}

/** @returns {Claims | undefined} what holds */
function showHeader() {
  const result = find('#header-result', HTMLElement);
  const list = find('#claims', HTMLElement);
  list.replaceChildren();
  mark(result, undefined);
  const key = inputs.key.value.trim();
  if (!key) return write(result, inputs.header.value.trim() ? 'needKey' : 'nothing');
  const now = BigInt(Math.floor(Date.now() / 1000));
  try {
    // The tag that comes with the claims is a secret: it is not shown.
    const { claims } = callbacks.checkBinding([key], headers(), inputs.address.value.trim(), now);
    write(result, 'bound');
    mark(result, 'yes');
    showClaims(list, claims);
    return claims;
  } catch (error) {
    /** @type {BindingError} */
    const why = payload(error);
    mark(result, 'no');
    if (why.tag === 'expired') showClaims(list, why.val);
    if (why.tag === 'other') return write(result, 'unbound', '', why.val);
    /** @type {Record<typeof why.tag, Text>} */
    const texts = {
      absent: 'absent',
      malformed: 'malformedHeader',
      'unknown-key': 'unknownKey',
      forged: 'forged',
      expired: 'expired',
      'invalid-key': 'invalidKey',
    };
    write(result, texts[why.tag]);
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

/**
 * The question that a receiver asks ITSM next.
 * @param {Callback | undefined} callback
 * @param {Claims | undefined} claims
 */
function showNext(callback, claims) {
  const next = find('#next', HTMLElement);
  if (!callback || !claims || callbacks.isSelfCheck(callback)) return write(next, 'dontAsk');
  write(next, 'ask', `tickets.confirm(connection, ${JSON.stringify(callback.sn)}, tag)`);
}

/** Lines such as `Name: value`, or the bare value of the one header. */
function headers() {
  return inputs.header.value
    .split('\n')
    .filter((line) => line.trim())
    .map((line) => {
      const [, name, value] = /^([^:\s]+):(.*)$/.exec(line.trim()) ?? [];
      return /** @type {[string, string]} */ (name ? [name, value.trim()] : ['X-Itsm-Binding', line.trim()]);
    });
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
      part.replace('{0}', () => value),
    ),
  );
  if (words) {
    const quote = tag('q', words);
    quote.lang = 'en';
    parts.push(tag('br', ''), tag('span', WORDS[language].component), quote);
  }
  // What is unchanged is not touched, or a screen reader would read it out again.
  if (element.textContent !== parts.map((part) => part.textContent).join('')) element.replaceChildren(...parts);
  return undefined;
}

/**
 * @param {HTMLElement} list
 * @param {[Text, string][]} items
 */
function rows(list, items) {
  list.replaceChildren(
    ...items.flatMap(([name, value]) => [tag('dt', WORDS[language][name]), tag('dd', value || WORDS[language].none)]),
  );
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

function clear() {
  for (const input of Object.values(inputs)) input.value = '';
  show();
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
  show();
}

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

show();
find('#start', HTMLElement).remove();
find('main', HTMLElement).hidden = false;
