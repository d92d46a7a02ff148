// What the programs of this folder import: the package.

export * from './package/index.js';
