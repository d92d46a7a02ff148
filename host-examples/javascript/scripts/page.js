// Serves the page on a loopback port. Any other server of static files does as well.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

const TYPES = new Map([
  ['.html', 'text/html; charset=utf-8'],
  ['.css', 'text/css'],
  ['.js', 'text/javascript'],
]);

/** @param {string} base the path of the page, which ends with a slash */
export async function servePage(base = '/') {
  const server = createServer(async (request, response) => {
    // A URL has no way out of the folder: its `..` are gone when it has been read.
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname === base ? 'index.html' : pathname.slice(base.length);
    const content =
      pathname.startsWith(base) && (await readFile(new URL(`../page/${path}`, import.meta.url)).catch(() => undefined));
    const type = TYPES.get(extname(path));
    if (content && type) response.writeHead(200, { 'content-type': type }).end(content);
    else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}${base}`, server };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  console.log(`the page is at ${(await servePage()).url}`);
}
