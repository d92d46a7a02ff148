// A server's texts, as they may be shown.

/** Members of the credentials that are no secrets. */
const PUBLIC = ['bk_app_code', 'bk_username'];

/**
 * Makes values of the component showable. The component never had the credentials that the host adds, so where a
 * server repeats them it can't redact them.
 * @param {Record<string, string>} authorization the members of the credentials
 * @param {string} header what is sent of them
 */
export function shower(authorization, header) {
  const secrets = Object.entries(authorization).filter(([name]) => !PUBLIC.includes(name));
  const longestFirst = secrets.map(([, secret]) => secret).sort((one, other) => other.length - one.length);
  const redact = redactor([header, ...longestFirst]);
  return shown;

  /**
   * A value with its texts for people as they may be shown: all texts of a failure, and elsewhere `words`, `why` and
   * the text of a case.
   * @param {any} value
   * @param {boolean} all whether all of its texts are
   * @returns {any}
   */
  function shown(value, all) {
    if (typeof value === 'string') return all ? oneLine(redact(value)) : value;
    if (Array.isArray(value)) return value.map((item) => shown(item, all));
    if (Object.prototype.toString.call(value) !== '[object Object]') return value;
    if (value.failure && 'words' in value) return finding(value);
    const failure = all || 'mayHaveActed' in value;
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [
        name,
        shown(item, failure || (typeof item === 'string' && ['words', 'why', 'val'].includes(name))),
      ]),
    );
  }

  /**
   * A finding whose words repeat texts of its failure. A text that comes cut, within a secret, is known by its end: so
   * each is redacted by itself first.
   * @param {any} value
   */
  function finding({ action, failure, words }) {
    const texts = [failure.message, failure.requestId, failure.advice.val].filter(
      (text) => text && typeof text === 'string',
    );
    const redacted = texts.reduce((rest, text) => rest.replaceAll(text, () => shown(text, true)), words);
    return { action, failure: shown(failure, true), words: shown(redacted, true) };
  }
}

/** A text on one line, without what steers a terminal. @param {string} text */
export function oneLine(text) {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, ' ');
}

/**
 * Redacts secrets in a text, however they are written.
 * @param {string[]} secrets the one that holds others comes first
 * @returns {(text: string) => string}
 */
export function redactor(secrets) {
  // One or two characters are no secret, and would be redacted in every word.
  const all = secrets.filter((secret) => secret.length > 2).map((secret) => [...secret].map(written));
  return (text) => {
    let redacted = '';
    for (let at = 0; at < text.length; ) {
      const end = all.map((letters) => endOf(letters, text, at)).find((found) => found !== undefined);
      redacted += end === undefined ? text[at] : '[secret]';
      at = end ?? at + 1;
    }
    return redacted;
  };
}

/**
 * Where a secret that begins here ends. Long texts come cut: one that ends within the secret, after three letters or
 * more, is one too.
 * @param {string[][]} letters
 * @param {string} text
 * @param {number} at
 */
function endOf(letters, text, at) {
  // Several, because a letter's two forms can both fit: a backslash, and two for one.
  let ends = [at];
  for (const [passed, forms] of letters.entries()) {
    const pairs = ends.flatMap((from) =>
      forms.map((form) => /** @type {const} */ ([from, form, text.slice(from, from + form.length).toLowerCase()])),
    );
    if (passed > 2 && pairs.some(([from, form, found]) => from + form.length > text.length && form.startsWith(found)))
      return text.length;
    ends = [...new Set(pairs.filter(([, form, found]) => found === form).map(([from, form]) => from + form.length))];
    if (ends.length === 0) return undefined;
  }
  return ends[0];
}

/**
 * A letter as it is, as JSON and a URL write it, and as Node reads its bytes in a header. JSON within JSON has twice the
 * backslashes.
 * @param {string} letter
 */
function written(letter) {
  const units = letter.split('').map((unit) => `u${hex(unit.charCodeAt(0), 4)}`);
  const bytes = Buffer.from(letter);
  const query = Array.from(bytes, (byte) => `%${hex(byte, 2)}`).join('');
  const json = Array.from({ length: 8 }, (_, count) => '\\'.repeat(count)).flatMap((slashes) => [
    `${slashes}${letter}`,
    units.map((unit) => `${slashes}\\${unit}`).join(''),
  ]);
  return [...json, query, bytes.toString('latin1')].map((form) => form.toLowerCase());
}

/** @param {number} number @param {number} digits */
function hex(number, digits) {
  return number.toString(16).padStart(digits, '0');
}
