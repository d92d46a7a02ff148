export { callbacks, Itsm, ItsmError, tracking } from './itsm.js';
