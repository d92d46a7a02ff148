// Libraries whose types the tests do not need.

declare module 'better-sqlite3';
declare module 'express';
declare module 'koa';
declare module 'node:sqlite';
