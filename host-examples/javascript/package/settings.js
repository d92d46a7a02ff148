// Settings from the environment: the same names and sentences as in every host and program of this project.

import { undici } from './http.js';

/** @import { Endpoint, ItsmOptions, Settings } from './index.js' */

/** Every setting that a host or program of this project reads. */
const NAMES = [
  ...['ITSM_ACCESS_TOKEN', 'ITSM_APP_CODE', 'ITSM_APP_SECRET', 'ITSM_BINDING_KEYS', 'ITSM_CALLBACK_URL', 'ITSM_CONFIG'],
  ...['ITSM_DATABASE', 'ITSM_DECIDE_WITHIN_S', 'ITSM_ESB', 'ITSM_ESB_LEGACY', 'ITSM_FORWARD_TOKEN', 'ITSM_FORWARD_URL'],
  ...['ITSM_GATEWAY', 'ITSM_LANGUAGE', 'ITSM_LISTEN', 'ITSM_OPERATOR', 'ITSM_ORDERS', 'ITSM_RECORD', 'ITSM_TENANT_ID'],
  ...['ITSM_TITLE', 'ITSM_WASM', 'ITSM_WASM_DIR'],
];
const ENDPOINTS = /** @type {const} */ ([
  ['ITSM_GATEWAY', 'gateway'],
  ['ITSM_ESB', 'esb'],
  ['ITSM_ESB_LEGACY', 'esb-legacy'],
]);
/** This machine is reached without a proxy, whatever the environment says. */
const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

/** Whoever prints it prints no secret. */
class Hidden {
  #site;
  #callback;

  /** @param {Settings['site']} site @param {Settings['callback']} callback */
  constructor(site, callback) {
    this.#site = site;
    this.#callback = callback;
  }

  get site() {
    return this.#site;
  }

  get callback() {
    return this.#callback;
  }
}

/**
 * @param {Record<string, string | undefined>} given
 * @returns {Settings}
 */
export function settings(given = process.env) {
  checkNames(Object.keys(given));
  const get = (/** @type {string} */ name) => given[name]?.trim() || undefined;
  const endpoints = ENDPOINTS.flatMap(([name, tag]) => {
    const val = get(name);
    return val ? /** @type {Endpoint[]} */ ([{ tag, val }]) : [];
  });
  if (endpoints.length === 0)
    stop('ITSM_GATEWAY is not set, nor are ITSM_ESB and ITSM_ESB_LEGACY: one of them says where ITSM is');
  if (endpoints.length > 1) stop('only one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY can be set');
  const wanted = (/** @type {string} */ name) => get(name) ?? stop(`${name} is not set`);
  const authorization = { bk_app_code: wanted('ITSM_APP_CODE'), bk_app_secret: wanted('ITSM_APP_SECRET') };
  const token = get('ITSM_ACCESS_TOKEN');
  const tenant = get('ITSM_TENANT_ID');
  /** @type {ItsmOptions} */
  const options = {
    headers: tenant === undefined ? [] : [['X-Bk-Tenant-Id', tenant]],
    dispatcher: dispatcher(given, endpoints[0].val),
  };
  const callbackUrl = get('ITSM_CALLBACK_URL');
  const keys = (get('ITSM_BINDING_KEYS') ?? '')
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');
  if (callbackUrl && keys.length === 0)
    stop('ITSM_CALLBACK_URL is set, and ITSM_BINDING_KEYS is not: without a key no callback can be bound');
  return new Hidden(
    [endpoints[0], token === undefined ? authorization : { ...authorization, access_token: token }, options],
    callbackUrl === undefined ? undefined : { callbackUrl, keys },
  );
}

/**
 * What `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` and `SSL_CERT_FILE` say of the way to a server. Nothing, if they say nothing.
 * @param {Record<string, string | undefined>} given
 * @param {string} url
 */
function dispatcher(given, url) {
  const get = (/** @type {string} */ name) => (given[name.toLowerCase()] ?? given[name])?.trim() || undefined;
  const name = url.startsWith('https:') ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = get(name);
  const file = get('SSL_CERT_FILE');
  if (!proxy && !file) return undefined;
  // The address is not shown: it can hold a password.
  if (proxy && !(/^https?:/.test(proxy) && URL.canParse(proxy)))
    stop(`${name} is no address of a proxy: one such as http://proxy:3128 is expected`);
  const tls = file ? { ca: certificates(file) } : undefined;
  const options = {
    ...{ httpProxy: proxy ?? '', httpsProxy: proxy ?? '' },
    noProxy: [get('NO_PROXY'), ...LOOPBACK, /^https?:\/\/(127(?:\.\d+){3})/.exec(url)?.[1]].filter(Boolean).join(),
    // To servers without a proxy, through one, and to the proxy itself.
    ...{ connect: tls, requestTls: tls, proxyTls: tls },
  };
  /** @type {Promise<object> | undefined} */
  let made;
  return () => {
    made ??= undici().then(({ EnvHttpProxyAgent }) => new EnvHttpProxyAgent(options));
    return made;
  };
}

/** @param {string} file */
function certificates(file) {
  try {
    return process.getBuiltinModule('node:fs').readFileSync(file);
  } catch (/** @type {any} */ error) {
    return stop(`SSL_CERT_FILE can not be read: ${error.message}`);
  }
}

/**
 * Refuses a name that begins as a setting's and is none: most often it is one letter away from one.
 * @param {string[]} names
 */
function checkNames(names) {
  const slip = names.find((name) => name.startsWith('ITSM_') && !NAMES.includes(name));
  if (slip === undefined) return;
  const [near] = NAMES.toSorted((one, other) => distance(slip, one) - distance(slip, other));
  stop(`${slip} is no setting. Is ${near} meant?`);
}

/** How many letters are to be put in, left out or changed. @param {string} one @param {string} other */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (const [place, wanted] of [...other].entries())
      next.push(Math.min(row[place + 1] + 1, next[place] + 1, row[place] + (letter === wanted ? 0 : 1)));
    row = next;
  }
  return row[other.length];
}

/**
 * @param {string} why
 * @returns {never}
 */
function stop(why) {
  throw new TypeError(why);
}
