// To be imported before the package: the engine then waits as one without JSPI does.

Reflect.deleteProperty(WebAssembly, 'Suspending');
