// The component's only way out. jco puts this module in the place of wasi:http (scripts/build.js).
//
// The component reaches one server and no other, and the credentials are put on its requests here,
// outside of it.

import { workerData } from 'node:worker_threads';
import * as shim from '@bytecodealliance/preview2-shim/http';

/** @type {import('./itsm.js').Egress} */
const { origin, authorization } = workerData;
const credentials = new TextEncoder().encode(authorization);

class OutgoingRequest extends shim.types.OutgoingRequest {
  #headers;

  /** @param {InstanceType<typeof shim.types.Fields>} headers */
  constructor(headers) {
    const sent = shim.types.Fields.fromList(headers.entries());
    sent.set('X-Bkapi-Authorization', [credentials]);
    super(sent);
    this.#headers = headers;
  }

  /** The component sees the headers that it gave. */
  headers() {
    return this.#headers;
  }
}

export const types = { ...shim.types, OutgoingRequest };

/** @type {typeof shim.outgoingHandler} */
export const outgoingHandler = {
  handle(request, options) {
    const scheme = request.scheme()?.tag === 'HTTP' ? 'http' : 'https';
    if (new URL(`${scheme}://${request.authority()}`).origin !== origin) {
      throw { tag: 'HTTP-request-denied' };
    }
    return shim.outgoingHandler.handle(request, options);
  },
};
