// Finds the parts of a callback in what people paste: a whole request as `curl -v` or a proxy shows it, headers in
// the notation of any language, or a body. What the parts prove is the component's to say.

/**
 * @typedef {'unreadableHeaders' | 'noValue' | 'several' | 'twoHeaders' | 'twoBodies' | 'noBodyShown'} Problem
 *
 * @typedef {object} Found
 * @property {[string, string][]} [headers] the binding headers, none of which may be there
 * @property {string} [body]
 * @property {string} [address] a guess
 * @property {Problem} [problem] nothing else is found then
 * @property {boolean} [curl] curl shows a request without its body
 *
 * @typedef {object} Pasted
 * @property {[string, string][]} [headers]
 * @property {string} [body]
 * @property {string} [address] the request names its host and path, but not its scheme
 * @property {Problem} [headerProblem]
 * @property {Problem} [bodyProblem]
 */

const HEADER = 'X-Itsm-Binding';
/** As it is, as CGI and Python name it, and as nginx does. */
const BINDING = String.raw`(?<![\w-])\$?(?:HTTP_)?X[-_]ITSM[-_]BINDING(?![\w-])`;
/** A text with one of these consists of headers, also when the binding is not among them. */
const USUAL = String.raw`(?<![\w-])(?:HTTP_)?(?:HOST|ACCEPT|USER[-_]AGENT|CONTENT[-_](?:TYPE|LENGTH))(?![\w-])`;
/** What stands between a name and its value: behind a quoted name, which may be in a list, and behind another. */
const AFTER_QUOTED = String.raw`\\?["'\`]\]?\s*(?:=>|[:=,])\s*(?:["']?value["']?\s*:\s*)?`;
const AFTER_BARE = String.raw`\]?\s*(?:=>|[:=])\s*`;

const USUAL_HEADERS = [
  new RegExp(String.raw`^[^"'\`\n]*${USUAL}${AFTER_BARE}`, 'im'),
  new RegExp(String.raw`(?<=(?<!\\)["'])${USUAL}${AFTER_QUOTED}`, 'i'),
];
const ITS_LINE = new RegExp(String.raw`^\s*${HEADER}\s*:(.*)$`, 'i');
const JSON_OBJECT = /^\s*\{\s*"/;
/** A member of a callback. */
const MEMBER = /"(?:sn|current_status|approve_result)"\s*:/;
const REQUEST_LINE = /^\s*[A-Z]{3,7} (\S+) HTTP\/[\d.]+\s*$/;
const ANSWER_LINE = /^HTTP\/[\d.]+ \d{3}/;
/** Progress, which curl mixes with what is sent. */
const PROGRESS = /^[{}] \[\d+ bytes data\]$|^\s*% Total|^\s*Dload|^\s*\d+ .*--:--/;

/**
 * What the two fields hold together. A part that both hold has to be the same in both.
 * @param {{ header: string, body: string }} fields
 * @returns {Pasted}
 */
export function readPasted({ header, body }) {
  const one = readRequest(header) ?? readHeaderAlone(header);
  const two = readRequest(body, true) ?? (body.trim() ? { body } : {});
  /** @type {Pasted} */
  const pasted = {
    headers: one.headers ?? two.headers,
    body: two.body ?? one.body,
    address: one.address ?? two.address,
    headerProblem: one.problem,
    bodyProblem: two.problem,
  };
  if (one.headers && two.headers && String(one.headers) !== String(two.headers)) pasted.headerProblem = 'twoHeaders';
  if (one.body && two.body && one.body.trim() !== two.body.trim()) pasted.bodyProblem = 'twoBodies';
  if (!pasted.body && (one.curl || two.curl)) pasted.bodyProblem ??= 'noBodyShown';
  return pasted;
}

/**
 * A request, or headers with or without a body. Nothing for another text, such as a body alone.
 * @param {string} text
 * @param {boolean} [isBodyField] there a text with a member of a callback is a body, even one that is cut
 * @returns {Found | undefined}
 */
function readRequest(text, isBodyField = false) {
  const { lines, curl } = sent(text.split(/\r\n|\r|\n/));
  const [at, second] = lines.flatMap((line, at) => (REQUEST_LINE.test(line) ? at : []));
  if (second !== undefined) return { problem: 'several' };
  if (at !== undefined) {
    const [head, body] = divide(lines.slice(at + 1), true);
    return { headers: itsLines(head), curl, body, address: address(lines[at], head) };
  }
  const [head, body] = divide(lines, false);
  const found = mentions(head);
  const isHead = curl || found || USUAL_HEADERS.some((usual) => usual.test(head));
  if (!isHead || (isBodyField && !curl && !JSON_OBJECT.test(head) && MEMBER.test(head))) return undefined;
  return found?.problem ? found : { headers: [], ...found, curl, body };
}

/**
 * The lines that were sent, where curl marks them; all lines where it does not.
 * @param {string[]} lines
 */
function sent(lines) {
  if (!lines.some((line) => /^> (?:[A-Z]+ \S+ HTTP\/|[\w-]+: )/.test(line))) return { lines, curl: false };
  /** @type {string[]} */
  const found = [];
  let answered = false;
  for (const line of lines) {
    if (/^<( |$)/.test(line)) answered = true;
    else if (/^>( |$)/.test(line)) found.push(line.slice(2));
    // A body stands without a mark behind the empty line, and so does the answer's body, further down.
    else if (found.includes('') && !answered && !/^\*( |$)/.test(line) && !PROGRESS.test(line)) found.push(line);
  }
  return { lines: found, curl: true };
}

/**
 * Head and body. Without a request line only a JSON object is a body: blank lines stand between headers too.
 * @param {string[]} lines
 * @param {boolean} isRequest
 * @returns {[string, string | undefined]}
 */
function divide(lines, isRequest) {
  const first = lines.findIndex((line) => line.trim());
  const end = lines.findIndex((line, at) => (isRequest && !line.trim()) || (line.startsWith('{') && at > first));
  if (end < 0) return [lines.join('\n'), undefined];
  const answer = lines.findIndex((line, at) => at > end && ANSWER_LINE.test(line));
  const body = lines.slice(end, answer < 0 ? undefined : answer).join('\n');
  return [lines.slice(0, end).join('\n'), body.trim() || undefined];
}

/**
 * The binding headers of a request, in which each header has a line.
 * @param {string} head
 */
function itsLines(head) {
  return asHeaders(head.split('\n').flatMap((line) => ITS_LINE.exec(line)?.[1].trim() ?? []));
}

/**
 * The binding headers in another text, whose notation is seen from what surrounds each name.
 * @param {string} head
 * @returns {Found | undefined} nothing where it is not named
 */
function mentions(head) {
  // In JSON only a quoted name is one: an unquoted one is part of a value.
  const name = new RegExp(
    JSON_OBJECT.test(head) ? String.raw`(?<=(?<!\\)")${BINDING}(?="\s*(?::|=>|,\s*"value"))` : BINDING,
    'gi',
  );
  const found = [...head.matchAll(name)].map(({ 0: name, index }) => valuesOf(head, index, index + name.length));
  if (!found.length) return undefined;
  if (found.includes(undefined)) return { problem: 'noValue' };
  // Lines repeat a header as the request did. Another notation may repeat it for a reason of its own.
  if (found.length > 1 && !found.every((values) => values?.isLine)) return { problem: 'several' };
  return { headers: asHeaders(found.flatMap((values) => values?.items ?? [])) };
}

/**
 * @param {string[]} values
 * @returns {[string, string][]}
 */
function asHeaders(values) {
  return values.map((value) => [HEADER, value]);
}

/**
 * What stands behind a name: the rest of a header's own line, a list, a quoted text or a word.
 * @param {string} head
 * @param {number} start of the name
 * @param {number} end
 * @returns {{ items: string[], isLine: boolean } | undefined}
 */
function valuesOf(head, start, end) {
  const rest = head.slice(end);
  const lineStart = /(?<=^[ \t]*)/my;
  lineStart.lastIndex = start;
  const line = lineStart.test(head) && /^[ \t]*:[ \t]*(?![ \t"'`[])(.*)/.exec(rest);
  if (line) return { items: [line[1].trim()], isLine: true };

  const between = new RegExp(`^(?:${AFTER_QUOTED}|${AFTER_BARE})`).exec(rest)?.[0];
  if (between === undefined) return undefined;
  // A name behind a colon is a value itself, such as that of Vary, unless the word says that its own follows.
  const isValue = /[:=]\s*b?["'`]$/.test(head.slice(Math.max(0, start - 9), start));
  if (isValue && /,\s*$/.test(between)) return undefined;
  const value = rest.slice(between.length);
  const list = /^(?:\[\]string\{|\[)([^\]}]*)[\]}]/.exec(value)?.[1].split(/[\s,]+/);
  const item = /^b?\\?["'`]([^"'`\\]*)/.exec(value) ?? /^([^\s,;"'`()[\]{}<>]+)/.exec(value);
  const items = list?.map((item) => item.replace(/^b?["'`]|["'`]$/g, '')).filter(Boolean) ?? item?.slice(1);
  // The words of programs for a header that is not there.
  return items && { items: items.filter((item) => !/^(?:-|null|None|nil|undefined)$/.test(item)), isLine: false };
}

/**
 * The address of a request. A proxy may say the scheme; a request itself does not.
 * @param {string} requestLine
 * @param {string} head
 */
function address(requestLine, head) {
  const target = REQUEST_LINE.exec(requestLine)?.[1] ?? '';
  if (/^https?:\/\//.test(target)) return target;
  const host = /^\s*host:\s*(\S+)/im.exec(head)?.[1];
  const scheme = /^\s*x-forwarded-proto:\s*(https?)\s*$/im.exec(head)?.[1] ?? 'https';
  return host && target.startsWith('/') ? `${scheme}://${host}${target}` : undefined;
}

/**
 * The value alone, or a body in the header's field.
 * @param {string} text
 * @returns {Found}
 */
function readHeaderAlone(text) {
  if (!text.trim()) return {};
  const [, , value] = /^\s*(["'`]?)([^\s"'`]+)\1\s*$/.exec(text) ?? [];
  if (JSON_OBJECT.test(text) && MEMBER.test(text)) return { body: text };
  return value ? { headers: asHeaders([value]) } : { problem: 'unreadableHeaders' };
}
