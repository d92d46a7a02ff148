// The endpoint in the frameworks. Express takes it as it is: `app.post(path, endpoint(...))`, before what reads bodies.

/** @typedef {(request: any, response: any) => Promise<void>} Listener */

/**
 * As Koa's middleware: `app.use(koa('/itsm/callback', endpoint(...)))`.
 * @param {string} path
 * @param {Listener} listener
 */
export function koa(path, listener) {
  return async (/** @type {any} */ context, /** @type {() => Promise<void>} */ next) => {
    if (context.path !== path) {
      await next();
      return;
    }
    context.respond = false;
    await listener(context.req, context.res);
  };
}

/**
 * As a plugin of Fastify: `app.register(fastify('/itsm/callback', endpoint(...)))`.
 * @param {string} path
 * @param {Listener} listener
 */
export function fastify(path, listener) {
  return async (/** @type {any} */ app) => {
    // Within this plugin alone, bodies are left to the listener.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', (/** @type {unknown} */ _, /** @type {unknown} */ _body, /** @type {any} */ done) =>
      done(),
    );
    app.post(path, (/** @type {any} */ request, /** @type {any} */ reply) => {
      reply.hijack();
      return listener(request.raw, reply.raw);
    });
  };
}
