// One approval: a ticket whose callback is bound to its operation.

import { callbacks } from './itsm.js';

/** A month: how long a binding holds. A ticket may wait that long. */
const BINDING_HOLDS_S = 30 * 24 * 3600;

/**
 * Asks `approver` for an approval, in a new ticket of ITSM's built-in kind.
 *
 * @param {import('./itsm.js').Itsm} itsm
 * @param {import('./endpoint.js').Settings} settings
 * @param {string} operationId from `tickets.newOperationId`, and stored: by it a ticket is found whose
 *   answer was lost
 * @param {{ creator: string, approver: string, title: string }} what
 */
export function askForApproval(itsm, settings, operationId, { creator, approver, title }) {
  const { callbackUrl, bindingKey } = settings;
  const expiresAt = BigInt(Math.floor(Date.now() / 1000) + BINDING_HOLDS_S);
  const header = callbacks.bind(bindingKey, { operationId, callbackUrl, expiresAt });
  return itsm.tickets.create(itsm.connection, {
    operationId,
    service: { tag: 'fast-approval', val: { approvers: [approver], content: title } },
    creator,
    title,
    fields: [],
    processors: [],
    callback: { url: callbackUrl, headers: [header] },
  });
}
