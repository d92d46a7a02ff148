// Whole tickets as a real server told of them, read through the package.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { Itsm } from '../itsm.js';
import { answering } from './answering.js';

/** @import { Answer } from './answering.js' */

const TAG = 'k7w2hq4mzx3n6vbr5tjd8ycpfa';
/** For a ticket whose log can't show what is missing from it. */
const NAMED_LIMIT = 'undecidable, or the named limit of evidence `decisions`';
const stories = (await readFile(new URL('../../../tests/fixtures/stories.jsonl', import.meta.url), 'utf8'))
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));

/**
 * A server that knows one ticket and one tag, as a dispatcher.
 * @param {any} story
 * @param {string} reader whether it may read results
 */
function server(story, reader) {
  /** @type {Record<string, (body: string) => unknown>} */
  const data = {
    get_tickets(body) {
      const items = !body.includes('"tag"') || body.includes(TAG) ? [story.row] : [];
      return { page: 1, total_page: 1, count: items.length, next: null, previous: null, items };
    },
    ticket_approval_result: () => (story.result === null ? [] : [story.result]),
    get_ticket_logs: () => story.log,
  };
  return answering(({ path, body }) => {
    const action = /** @type {string} */ (path.split('?')[0].split('/').filter(Boolean).at(-1));
    if (action === 'ticket_approval_result' && reader === 'app_only') {
      const refusal = {
        result: false,
        code: 1640102,
        code_name: 'INVALID_ARGS',
        message: 'user authentication failed',
      };
      return answer(401, { ...refusal, data: null }, [['x-bkapi-error-code', '1640102']]);
    }
    const given = data[action]?.(body);
    assert.notEqual(given, undefined, `${action} was asked`);
    return answer(200, { result: true, code: 0, message: 'success', data: given });
  });
}

/** @param {number} status @param {object} body @param {[string, string][]} headers @returns {Answer} */
function answer(status, body, headers = []) {
  return { status, headers: [['content-type', 'application/json'], ...headers], body: JSON.stringify(body) };
}

test('each story is read as what it was, with its tag and by its number', async (t) => {
  assert.ok(stories.length > 40);
  for (const story of stories) {
    for (const reader of ['proven_user', 'app_only']) {
      const expected = story.expected[reader];
      // The result of some stories was never asked.
      if (typeof expected !== 'string') continue;
      await t.test(`${story.row.sn} ${story.row.title}, ${reader}: ${expected}`, async () => {
        const dispatcher = server(story, reader);
        const itsm = new Itsm({ tag: 'gateway', val: 'https://itsm.example.com/prod' }, {}, { dispatcher });
        const own = await itsm.tickets.confirmOwn(itsm.connection, story.row.sn);
        assert.deepEqual(await itsm.tickets.confirm(itsm.connection, story.row.sn, TAG), own);
        const said = own.tag === 'ended' ? own.val.verdict : own.tag;
        if (expected !== NAMED_LIMIT) assert.equal(said, expected);
        else assert.ok(own.tag === 'undecidable' || (own.tag === 'ended' && own.val.evidence === 'decisions'), said);
      });
    }
  }
});
