// A dispatcher of undici whose answers a function gives, without a network.

/** @typedef {{ method: string, origin: string, path: string, headers: [string, string][], body: string }} Asked */
/** @typedef {{ status: number, headers: [string, string][], body: string }} Answer */

/** @param {(asked: Asked) => Answer} respond whose names of headers are in lower case, and each comes once */
export function answering(respond) {
  const controller = { abort() {}, pause() {}, resume() {} };
  /** @param {any} asked @param {any} handler */
  async function answer({ method, origin, path, headers, body }, handler) {
    handler.onRequestStart(controller);
    const chunks = [];
    if (typeof body?.[Symbol.asyncIterator] === 'function') for await (const chunk of body) chunks.push(chunk);
    else if (body) chunks.push(body);
    const pairs = Array.from({ length: headers.length / 2 }, (_, at) => [headers[2 * at], headers[2 * at + 1]]);
    const asked = { method, origin, path, headers: pairs, body: Buffer.concat(chunks).toString() };
    const { status, headers: back, body: text } = respond(/** @type {Asked} */ (asked));
    handler.onResponseStart(controller, status, Object.fromEntries(back));
    handler.onResponseData(controller, new TextEncoder().encode(text));
    handler.onResponseEnd(controller, {});
  }
  return {
    /** @param {any} asked @param {any} handler */
    dispatch(asked, handler) {
      answer(asked, handler).catch((error) => handler.onResponseError(controller, error));
      return true;
    },
  };
}
