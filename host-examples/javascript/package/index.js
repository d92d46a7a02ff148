export { fastify, koa } from './adapters.js';
export { approvals, boundTicket, sqliteStore } from './approvals.js';
export { endpoint } from './endpoint.js';
export { callbacks, Itsm, ItsmError, tracking } from './itsm.js';
export { settings } from './settings.js';
