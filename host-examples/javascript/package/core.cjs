const { readFileSync } = require('node:fs');
const { join } = require('node:path');

/** @param {string} name of the component */
exports.read = (name) => readFileSync(join(__dirname, `${name}.core.wasm`));
