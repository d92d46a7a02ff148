// What people paste, as the tools print it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readPasted } from '../page/pasted.js';

const VALUE = `v1.t.k7w2hq4mzx3n6vbr5tjd8ycpfa.1798226077.${'3a'.repeat(32)}`;
const OTHER = VALUE.replace('.t.', '.u.');
const BODY = '{"title": "Host: X-Itsm-Binding: a", "sn": "REQ1", "current_status": "FINISHED", "approve_result": true}';
/** @type {[string, string][]} */
const BOUND = [['X-Itsm-Binding', VALUE]];
/** @type {[string, string][]} */
const TWICE = [...BOUND, ...BOUND];
const ADDRESS = 'https://cmdb.example.com/itsm/callback?a=1';

const HEAD = `POST /itsm/callback?a=1 HTTP/1.1
Host: cmdb.example.com
User-Agent: python-requests/2.31.0
Vary: X-Itsm-Binding, Accept
x-itsm-binding: ${VALUE}
Content-Type: application/json`;
const REQUEST = `${HEAD}\n\n${BODY}`;

const CURL = `$ curl -v -d @body.json https://cmdb.example.com/itsm/callback?a=1 -H "X-Itsm-Binding: ..."
* Host cmdb.example.com:443 was resolved.
* using HTTP/2
* [HTTP/2] [1] [x-itsm-binding: ${VALUE}]
${marked(HEAD)}
>
} [311 bytes data]
* upload completely sent off: 311 bytes
  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current
100   345  100    34  100   311   1900  32600 --:--:-- --:--:-- --:--:-- 34500
< HTTP/1.1 200 OK
< Content-Type: application/json
< X-Itsm-Binding: ${OTHER}
<
{"result": true, "code": 0}
* Connection #0 to host cmdb.example.com left intact`;

/** @param {string} text */
function marked(text) {
  return text.replace(/^/gm, '> ');
}

/** @param {Record<string, string>} headers */
function python(headers) {
  return `{${Object.entries(headers)
    .map(([name, value]) => `'${name}': '${value}'`)
    .join(', ')}}`;
}

/** @typedef {Partial<import('../page/pasted.js').Pasted>} Read */

/** @type {{ what: string, text: string, read: Read }[]} */
const REQUESTS = [
  { what: 'a raw request', text: REQUEST, read: { headers: BOUND, body: BODY, address: ADDRESS } },
  {
    what: 'with the line ends of HTTP',
    text: REQUEST.replaceAll('\n', '\r\n'),
    read: { headers: BOUND, body: BODY, address: ADDRESS },
  },
  {
    what: 'with its answer behind it',
    text: `${REQUEST}\n\nHTTP/1.1 200 OK\nContent-Type: application/json\n\n{"code": 0}`,
    read: { headers: BOUND, body: BODY, address: ADDRESS },
  },
  {
    what: 'without the blank line',
    text: `${HEAD}\n${BODY}`,
    read: { headers: BOUND, body: BODY, address: ADDRESS },
  },
  { what: 'without a body', text: HEAD, read: { headers: BOUND, address: ADDRESS } },
  {
    what: 'with a body that is no object',
    text: `${HEAD}\n\nsn=REQ1`,
    read: { headers: BOUND, body: 'sn=REQ1', address: ADDRESS },
  },
  {
    what: 'with the header twice',
    text: REQUEST.replace('\n\n', `\nX-Itsm-Binding: ${VALUE}\n\n`),
    read: { headers: TWICE, body: BODY, address: ADDRESS },
  },
  {
    what: 'with quotes around the value, which belong to it',
    text: REQUEST.replace(VALUE, `"${VALUE}"`),
    read: { headers: [['X-Itsm-Binding', `"${VALUE}"`]], body: BODY, address: ADDRESS },
  },
  {
    what: 'without the header',
    text: REQUEST.replace(/^x-itsm.*\n/m, ''),
    read: { headers: [], body: BODY, address: ADDRESS },
  },
  {
    what: 'with the whole address in its first line',
    text: REQUEST.replace('/itsm', 'http://proxied.example.com/itsm'),
    read: { headers: BOUND, body: BODY, address: 'http://proxied.example.com/itsm/callback?a=1' },
  },
  {
    what: 'with the scheme from a proxy',
    text: REQUEST.replace('\n\n', '\nX-Forwarded-Proto: http\n\n'),
    read: { headers: BOUND, body: BODY, address: ADDRESS.replace('https', 'http') },
  },
  {
    what: 'without a host',
    text: REQUEST.replace(/^Host.*\n/m, ''),
    read: { headers: BOUND, body: BODY },
  },
  {
    what: 'curl -v, which shows the body of the answer alone',
    text: CURL,
    read: { headers: BOUND, address: ADDRESS, bodyProblem: 'noBodyShown' },
  },
  {
    what: 'curl -v with the body behind the blank line',
    text: CURL.replace('\n} [311', `\n${BODY}\n} [311`),
    read: { headers: BOUND, body: BODY, address: ADDRESS },
  },
  {
    what: 'curl -v with marks before the body too',
    text: CURL.replace('\n} [311', `\n${marked(BODY)}\n} [311`),
    read: { headers: BOUND, body: BODY, address: ADDRESS },
  },
  {
    what: 'some lines of curl -v',
    text: marked(`Host: cmdb.example.com\nX-Itsm-Binding: ${VALUE}`),
    read: { headers: BOUND, bodyProblem: 'noBodyShown' },
  },
  {
    what: 'headers and a body',
    text: `Host: cmdb.example.com\n\nX-Itsm-Binding: ${VALUE}\n\n${BODY}`,
    read: { headers: BOUND, body: BODY },
  },
  {
    what: "headers as JSON's object, and a body",
    text: `${JSON.stringify({ 'X-Itsm-Binding': VALUE })}\n${BODY}`,
    read: { headers: BOUND, body: BODY },
  },
];

for (const field of /** @type {const} */ (['header', 'body'])) {
  test(`a request in the field of the ${field} is understood`, async (t) => {
    for (const { what, text, read } of REQUESTS) {
      await t.test(what, () => assertRead({ [field]: text }, read));
    }
  });
}

test('headers are understood as programs print them', async (t) => {
  const meta = {
    'wsgi.version': '(1, 0)',
    CONTENT_TYPE: 'application/json',
    HTTP_HOST: 'cmdb.example.com',
    HTTP_X_ITSM_BINDING: VALUE,
    PATH_INFO: '/itsm/callback',
  };
  /** @type {{ what: string, text: string, headers?: [string, string][] }[]} */
  const cases = [
    { what: 'a line', text: `X-Itsm-Binding: ${VALUE}` },
    { what: 'lines with blank lines between them', text: `Host: a\n\nX-ITSM-BINDING:${VALUE}  \n\nAccept: */*\n` },
    { what: 'a line twice', text: `X-Itsm-Binding: ${VALUE}\n`.repeat(2), headers: TWICE },
    {
      what: 'a line with more than the value',
      text: `X-Itsm-Binding: ${VALUE} b`,
      headers: [[BOUND[0][0], `${VALUE} b`]],
    },
    { what: 'a line without a value', text: 'X-Itsm-Binding:', headers: [['X-Itsm-Binding', '']] },
    { what: 'YAML', text: `host: a\nx-itsm-binding: "${VALUE}"` },
    { what: "Python's dict", text: python({ Host: 'a', 'X-Itsm-Binding': VALUE, Accept: '*/*' }) },
    { what: "Python's dict in a line of a log", text: `07:35 INFO headers=${python({ 'X-Itsm-Binding': VALUE })}` },
    { what: "Django's request.META", text: `request.META = ${python(meta)}` },
    { what: "Werkzeug's list of pairs", text: `EnvironHeaders([('Host', 'a'), ('X-Itsm-Binding', '${VALUE}')])` },
    { what: "ASGI's list of bytes", text: `[(b'host', b'a'), (b'x-itsm-binding', b'${VALUE}')]` },
    { what: "aiohttp's proxy", text: `<CIMultiDictProxy('Host': 'a', 'X-Itsm-Binding': '${VALUE}')>` },
    { what: 'JSON', text: JSON.stringify({ Host: 'a', 'X-Itsm-Binding': VALUE }) },
    { what: 'JSON with indents', text: JSON.stringify({ 'x-itsm-binding': VALUE, Host: 'a' }, null, 2) },
    { what: 'JSON with lists', text: JSON.stringify({ 'x-itsm-binding': [VALUE], Host: ['a'] }) },
    { what: 'JSON in JSON', text: JSON.stringify({ headers: { 'x-itsm-binding': VALUE } }) },
    { what: 'JSON within a text', text: `headers: ${JSON.stringify(JSON.stringify({ 'X-Itsm-Binding': VALUE }))}` },
    { what: "Node's headers", text: `headers: {\n  host: 'a',\n  'x-itsm-binding': '${VALUE}',\n  accept: '*/*'\n}` },
    { what: "Node's rawHeaders", text: `[\n  'Host',\n  'a',\n  'X-Itsm-Binding',\n  '${VALUE}'\n]` },
    { what: "Go's map", text: `map[Accept:[*/*] User-Agent:[python] X-Itsm-Binding:[${VALUE}]]` },
    { what: "Go's map with two of it", text: `map[X-Itsm-Binding:[${VALUE} ${VALUE}]]`, headers: TWICE },
    { what: "Go's map with quotes", text: `http.Header{"X-Itsm-Binding":[]string{"${VALUE}"}}` },
    { what: "Java's map", text: `{host=a:8080, x-itsm-binding=${VALUE}, accept=*/*}` },
    { what: "Java's map of lists", text: `{x-itsm-binding=[${VALUE}], host=[a]}` },
    { what: "Spring's headers", text: `[host:"a", x-itsm-binding:"${VALUE}", accept:"*/*"]` },
    { what: "PHP's array", text: `Array\n(\n    [HTTP_HOST] => a\n    [HTTP_X_ITSM_BINDING] => ${VALUE}\n)` },
    { what: "Ruby's hash", text: `{"HTTP_HOST"=>"a", "HTTP_X_ITSM_BINDING"=>"${VALUE}"}` },
    { what: 'the environment', text: `export HTTP_X_ITSM_BINDING="${VALUE}"\nPATH_INFO=/a` },
    { what: 'a line of an environment', text: `X-Itsm-Binding=${VALUE}` },
    { what: "nginx's variable", text: `$http_host="a" $http_x_itsm_binding="${VALUE}" 200` },
    { what: "nginx's log", text: `10.0.0.1 "POST /a HTTP/1.1" 200 http_x_itsm_binding=${VALUE} rt=0.1` },
    { what: "a browser's list", text: `[{"name": "X-Itsm-Binding", "value": "${VALUE}"}]` },
    { what: "a browser's list in JSON", text: JSON.stringify({ headers: [{ name: 'X-Itsm-Binding', value: VALUE }] }) },
    { what: 'a text in quotes', text: `msg='X-Itsm-Binding: ${VALUE}' level=info` },
    { what: "curl's argument", text: `curl -H 'X-Itsm-Binding: ${VALUE}' https://a/` },
    { what: 'the value alone', text: ` ${VALUE}\n` },
    { what: 'the value in quotes', text: `"${VALUE}"` },
    { what: 'one that nginx did not get', text: '$http_x_itsm_binding="-"', headers: [] },
    { what: 'one that Python did not get', text: "{'X-Itsm-Binding': None}", headers: [] },
    { what: 'headers without it', text: 'Accept: */*\nX-Other: 1', headers: [] },
    { what: "Python's dict without it", text: python({ Host: 'a' }), headers: [] },
    { what: 'JSON without it', text: JSON.stringify({ 'user-agent': 'a' }), headers: [] },
    { what: "Go's map without it", text: 'map[Accept:[*/*]]', headers: [] },
  ];
  for (const { what, text, headers = BOUND } of cases) {
    await t.test(what, () => assertRead({ header: text }, { headers }));
  }
});

test('the two fields are read together', async (t) => {
  /** @type {{ what: string, header?: string, body?: string, read: Read }[]} */
  const cases = [
    { what: 'nothing', header: ' \n', body: ' ', read: {} },
    { what: 'each its own', header: VALUE, body: BODY, read: { headers: BOUND, body: BODY } },
    { what: 'exchanged', header: BODY, body: `X-Itsm-Binding: ${VALUE}`, read: { headers: BOUND, body: BODY } },
    { what: 'curl beside the body', header: CURL, body: BODY, read: { headers: BOUND, body: BODY, address: ADDRESS } },
    {
      what: 'the same in both',
      header: REQUEST,
      body: REQUEST,
      read: { headers: BOUND, body: BODY, address: ADDRESS },
    },
    { what: 'a body as it is', body: `\n ${BODY} \n`, read: { body: `\n ${BODY} \n` } },
    { what: 'half a body', body: BODY.slice(0, 60), read: { body: BODY.slice(0, 60) } },
    { what: 'the end of a body', body: BODY.slice(3), read: { body: BODY.slice(3) } },
    { what: 'two bodies in one field', body: `${BODY}\n${BODY}`, read: { body: `${BODY}\n${BODY}` } },
    { what: 'no callback', body: 'hello', read: { body: 'hello' } },
    {
      what: 'two bodies',
      header: REQUEST,
      body: BODY.replace('REQ1', 'REQ2'),
      read: { headers: BOUND, body: BODY.replace('REQ1', 'REQ2'), address: ADDRESS, bodyProblem: 'twoBodies' },
    },
    {
      what: 'two headers',
      header: OTHER,
      body: REQUEST,
      read: { headers: [['X-Itsm-Binding', OTHER]], body: BODY, address: ADDRESS, headerProblem: 'twoHeaders' },
    },
  ];
  for (const { what, header, body, read } of cases) {
    await t.test(what, () => assertRead({ header, body }, read));
  }
});

test('what cannot be read is named, and nothing is read from it', async (t) => {
  /** @type {{ what: string, text: string, problem: import('../page/pasted.js').Problem, inBody?: boolean }[]} */
  const cases = [
    {
      what: 'an address with a word',
      text: 'see https://cmdb.example.com/itsm/callback',
      problem: 'unreadableHeaders',
    },
    { what: 'a value with a line break in it', text: VALUE.replace('.1', '\n.1'), problem: 'unreadableHeaders' },
    { what: 'JSON of another kind', text: '{"a": "X-Itsm-Binding: b"}', problem: 'unreadableHeaders' },
    { what: 'a name that is a value', text: "{'Vary': 'X-Itsm-Binding', 'Accept': '*/*'}", problem: 'noValue' },
    { what: 'a name alone', text: '$http_x_itsm_binding', problem: 'noValue' },
    { what: 'a name in a sentence', text: 'there was an X-Itsm-Binding in it', problem: 'noValue', inBody: true },
    { what: 'an object for a value', text: "{'X-Itsm-Binding': {", problem: 'noValue' },
    { what: 'two requests', text: `${REQUEST}\n${REQUEST}`, problem: 'several', inBody: true },
    { what: 'two requests of curl', text: `${CURL}\n${CURL}`, problem: 'several', inBody: true },
    {
      what: 'headers that a program prints twice',
      text: `headers: { 'x-itsm-binding': '${VALUE}' }, rawHeaders: [ 'X-Itsm-Binding', '${VALUE}' ]`,
      problem: 'several',
      inBody: true,
    },
  ];
  for (const { what, text, problem, inBody = false } of cases) {
    await t.test(what, () => {
      assertRead({ header: text }, { headerProblem: problem });
      if (inBody) assertRead({ body: text }, { bodyProblem: problem });
    });
  }
});

test('a long text is read in no time', async (t) => {
  const cases = [
    { what: 'digits', text: `> Host: a\n>\n100 ${'1'.repeat(200_000)}` },
    { what: 'spaces', text: `Host${' '.repeat(200_000)}` },
    { what: 'names', text: 'X-Itsm-Binding '.repeat(10_000) },
    { what: 'lines', text: 'X-Itsm-Binding: a\n'.repeat(10_000) },
    { what: 'quotes', text: '"'.repeat(200_000) },
    { what: 'marks', text: '>\n'.repeat(100_000) },
    { what: 'marks behind a header', text: `> Host: a\n${'a\n'.repeat(100_000)}` },
  ];
  for (const { what, text } of cases) {
    await t.test(what, () => {
      const start = process.cpuUsage();
      readPasted({ header: text, body: text });
      // What other programs do on the machine does not count.
      const { user } = process.cpuUsage(start);
      assert.ok(user < 1_000_000, `${user} µs`);
    });
  }
});

/**
 * @param {{ header?: string, body?: string }} fields
 * @param {Read} expected
 */
function assertRead({ header = '', body = '' }, expected) {
  const { headers, body: read, address, headerProblem, bodyProblem } = readPasted({ header, body });
  assert.deepEqual(
    { headers, body: read, address, headerProblem, bodyProblem },
    {
      headers: undefined,
      body: undefined,
      address: undefined,
      headerProblem: undefined,
      bodyProblem: undefined,
      ...expected,
    },
  );
}
