// The thread of itsm.js, whose component's memory can be searched.

import { workerData } from 'node:worker_threads';

/** @type {WebAssembly.Memory[]} */
const memories = [];
const { instantiate } = WebAssembly;
// jco's code makes its instances with this function: it is replaced before that code is loaded.
WebAssembly.instantiate = async (/** @type {any[]} */ ...values) => {
  const instance = await Reflect.apply(instantiate, WebAssembly, values);
  memories.push(...Object.values(instance.exports).filter((item) => item instanceof WebAssembly.Memory));
  return instance;
};

const component = await import('../generated/itsm/itsm.js');
await import('../worker.js');

workerData.port.on('message', (/** @type {string[]} */ texts) => {
  workerData.port.postMessage({
    found: texts.filter((text) => memories.some(({ buffer }) => Buffer.from(buffer).includes(text))),
    functions: Object.entries(component).flatMap(([of, functions]) =>
      Object.keys(functions).map((name) => `${of}.${name}`),
    ),
  });
});
