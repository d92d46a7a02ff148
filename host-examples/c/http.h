// wasi:http for a component, over libcurl: the host decides which server is reached, adds the credentials, and knows what
// was sent. Proxies are those of the environment (HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY), and are not used for this
// machine itself. Certificates are checked against the system's, and those in the file that SSL_CERT_FILE names.

#ifndef HTTP_H
#define HTTP_H

#include "settings.h"
#include <wasmtime.h>

// It serves one call of a component at a time.
typedef struct Http Http;

// Requests go to ITSM alone. `http_delete` comes after the linker is deleted.
Http *http_new(const Settings *settings);
void http_delete(Http *http);

// Gives a component all that itsm.wasm imports: wasi:http, wasi:io, wasi:clocks and wasi:random.
void http_link(Http *http, wasmtime_component_linker_t *linker);

// Ends what a call has left open.
void http_end_call(Http *http);

#endif
