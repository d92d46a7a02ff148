#include "http.h"

#include "values.h"
#include <curl/curl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

enum {
    FOREVER_MS = 600 * 1000,
    // So much of an answer is held until the component reads it.
    MOST_AHEAD = 256 * 1024,
    MOST_HEAD = 256 * 1024,
    PIECE = 64 * 1024,
    NS_IN_MS = 1000 * 1000,
    NS_IN_S = 1000 * NS_IN_MS,
};

// ---- Bytes that grow

typedef struct {
    char *data;
    size_t size;
    size_t room;
} Bytes;

static void add(Bytes *bytes, const void *data, size_t size) {
    if (bytes->room - bytes->size < size) {
        bytes->room = 2 * bytes->room + size;
        bytes->data = realloc(bytes->data, bytes->room);
        if (bytes->data == NULL) {
            stop("out of memory");
        }
    }
    if (size > 0) {
        memcpy(bytes->data + bytes->size, data, size);
        bytes->size += size;
    }
}

static void add_text(Bytes *bytes, const char *text) {
    add(bytes, text, strlen(text));
}

static void add_json(Bytes *bytes, const char *text) {
    add_text(bytes, "\"");
    for (; *text != '\0'; text++) {
        char escaped[8];
        if ((unsigned char)*text < ' ') {
            snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)*text);
        } else {
            snprintf(escaped, sizeof escaped, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
        }
        add_text(bytes, escaped);
    }
    add_text(bytes, "\"");
}

// ---- A request and its answer. All handles of the component about them stand for one exchange.

typedef struct {
    CURL *easy;
    // The request.
    struct curl_slist *headers;
    bool is_post;
    bool is_tls;
    Bytes authority;
    Bytes target;
    int64_t length;
    Bytes body;
    size_t sent;
    bool is_whole;
    // A connection stands, through a proxy and TLS too. Before that nothing of the request is sent.
    bool is_connected;
    // The answer: its head as it came, and what the component has not read of its body.
    Bytes head;
    bool has_head;
    long status;
    Bytes answer;
    size_t read;
    bool is_held;
    bool is_done;
    CURLcode code;
} Exchange;

struct Http {
    Bytes origin;
    Bytes authorization;
    // Of one call: libcurl works on all that is under way while one of them is waited for.
    CURLM *multi;
    Exchange **exchanges;
    uint32_t exchange_count;
    // Moments on the clock that the component can wait for.
    uint64_t *pollables;
    uint32_t pollable_count;
    uint64_t timeout_ms;
};

static int connected(void *data, char *ip, char *local, int port, int local_port) {
    (void)ip, (void)local, (void)port, (void)local_port;
    ((Exchange *)data)->is_connected = true;
    return CURL_PREREQFUNC_OK;
}

static size_t give_body(char *to, size_t size, size_t count, void *data) {
    Exchange *it = data;
    size_t left = it->body.size - it->sent;
    size_t given = left < size * count ? left : size * count;
    if (!it->is_whole) {
        return CURL_READFUNC_PAUSE;
    }
    if (given > 0) {
        memcpy(to, it->body.data + it->sent, given);
        it->sent += given;
    }
    return given;
}

static size_t take_header(char *line, size_t size, size_t count, void *data) {
    Exchange *it = data;
    if (it->has_head || it->head.size + size * count > MOST_HEAD) {
        // What comes after the body is no matter.
        return it->has_head ? size * count : 0;
    }
    if (size * count > 5 && memcmp(line, "HTTP/", 5) == 0) {
        // The one before was an interim answer.
        it->head.size = 0;
    } else if (line[0] == '\r' || line[0] == '\n') {
        curl_easy_getinfo(it->easy, CURLINFO_RESPONSE_CODE, &it->status);
        it->has_head = it->status >= 200;
    } else {
        add(&it->head, line, size * count);
    }
    return size * count;
}

static size_t take_body(char *from, size_t size, size_t count, void *data) {
    Exchange *it = data;
    if (it->answer.size - it->read >= MOST_AHEAD) {
        it->is_held = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    add(&it->answer, from, size * count);
    return size * count;
}

// Waits until libcurl has something to do, and lets libcurl do it.
static void work(Http *http) {
    int count;
    curl_multi_poll(http->multi, NULL, 0, 1000, NULL);
    curl_multi_perform(http->multi, &count);
    CURLMsg *message;
    while ((message = curl_multi_info_read(http->multi, &count)) != NULL) {
        Exchange *it;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &it);
        it->is_done = true;
        it->code = message->data.result;
    }
}

static Value why_failed(const Exchange *it) {
    switch (it->code) {
    case CURLE_COULDNT_RESOLVE_HOST:
        return variant("DNS-error", RECORD({"rcode", none()}, {"info-code", none()}));
    case CURLE_COULDNT_CONNECT:
        return bare("connection-refused");
    case CURLE_OPERATION_TIMEDOUT:
        return bare(it->is_connected ? "connection-read-timeout" : "connection-timeout");
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
        return bare("TLS-certificate-error");
    case CURLE_SSL_CONNECT_ERROR:
        return bare("TLS-protocol-error");
    case CURLE_PARTIAL_FILE:
        return bare("HTTP-response-incomplete");
    default:
        return variant("internal-error", some(text(curl_easy_strerror(it->code))));
    }
}

static bool is_this_machine(const Bytes *authority) {
    static const char *const NAMES[] = {"localhost", "127.", "[::1]"};
    for (size_t i = 0; i < COUNT(NAMES); i++) {
        size_t size = strlen(NAMES[i]);
        const char *after = authority->data + size;
        if (authority->size >= size && strncasecmp(authority->data, NAMES[i], size) == 0 &&
            (i == 1 || authority->size == size || *after == ':')) {
            return true;
        }
    }
    return false;
}

// The proxies of the environment are libcurl's own affair, but for two things: none leads back to this machine, and
// libcurl knows HTTP_PROXY in small letters only, since a web server that runs programs sets it to what a client sent.
static void choose_proxy(const Exchange *it) {
    if (is_this_machine(&it->authority)) {
        curl_easy_setopt(it->easy, CURLOPT_PROXY, "");
    } else if (!it->is_tls && getenv("http_proxy") == NULL && getenv("REQUEST_METHOD") == NULL) {
        curl_easy_setopt(it->easy, CURLOPT_PROXY, getenv("HTTP_PROXY"));
    }
}

// Starts an exchange. Its connection is its own: one from before could break and make libcurl send again. It follows no
// redirects.
static void start(CURLM *multi, Exchange *it, const Bytes *url, uint64_t timeout_ms) {
    it->easy = curl_easy_init();
    if (it->easy == NULL) {
        stop("libcurl can't be started");
    }
    curl_easy_setopt(it->easy, CURLOPT_PRIVATE, it);
    curl_easy_setopt(it->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(it->easy, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(it->easy, CURLOPT_URL, url->data);
    curl_easy_setopt(it->easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(it->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(it->easy, CURLOPT_HTTPHEADER, it->headers);
    curl_easy_setopt(it->easy, CURLOPT_HEADEROPT, (long)CURLHEADER_SEPARATE);
    // The component asks for no compression. An answer that is compressed all the same is read.
    curl_easy_setopt(it->easy, CURLOPT_ACCEPT_ENCODING, "");
    curl_easy_setopt(it->easy, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    curl_easy_setopt(it->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(it->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(it->easy, CURLOPT_PREREQFUNCTION, connected);
    curl_easy_setopt(it->easy, CURLOPT_PREREQDATA, it);
    curl_easy_setopt(it->easy, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(it->easy, CURLOPT_HEADERDATA, it);
    curl_easy_setopt(it->easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(it->easy, CURLOPT_WRITEDATA, it);
    if (it->is_post) {
        curl_easy_setopt(it->easy, CURLOPT_POST, 1L);
        curl_easy_setopt(it->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)it->length);
        curl_easy_setopt(it->easy, CURLOPT_READFUNCTION, give_body);
        curl_easy_setopt(it->easy, CURLOPT_READDATA, it);
    }
    const char *certificates = getenv("SSL_CERT_FILE");
    if (certificates != NULL && *certificates != '\0') {
        curl_easy_setopt(it->easy, CURLOPT_CAINFO, certificates);
    }
    choose_proxy(it);
    curl_multi_add_handle(multi, it->easy);
}

static void end(CURLM *multi, Exchange *it) {
    if (it->easy != NULL) {
        curl_multi_remove_handle(multi, it->easy);
        curl_easy_cleanup(it->easy);
    }
    curl_slist_free_all(it->headers);
    free(it->authority.data);
    free(it->target.data);
    free(it->body.data);
    free(it->head.data);
    free(it->answer.data);
    free(it);
}

// ---- What the component imports

// A type of resource each. What its handles stand for is a number: that of an exchange or a pollable.
enum {
    FIELDS = 1,
    OUTGOING_REQUEST,
    REQUEST_OPTIONS,
    OUTGOING_BODY,
    FUTURE_RESPONSE,
    INCOMING_RESPONSE,
    INCOMING_BODY,
    INPUT_STREAM,
    OUTPUT_STREAM,
    POLLABLE,
    ERROR,
};

typedef struct {
    Http *http;
    wasmtime_context_t *context;
    const Value *arguments;
    // What the handle in the first argument stands for, if there is one.
    uint32_t number;
} Call;

static Value handle_for(Call *call, uint32_t type, uint32_t number) {
    Value value = {.kind = WASMTIME_COMPONENT_RESOURCE};
    wasmtime_component_resource_host_t *host = wasmtime_component_resource_host_new(true, number, type);
    check(wasmtime_component_resource_host_to_any(call->context, host, &value.of.resource));
    wasmtime_component_resource_host_delete(host);
    return value;
}

// Takes the handle away from the component, or gives it back if it was lent: so this is done once for each.
static uint32_t number_of(wasmtime_context_t *context, const Value *handle) {
    wasmtime_component_resource_host_t *host;
    check(wasmtime_component_resource_any_to_host(context, handle->of.resource, &host));
    uint32_t number = wasmtime_component_resource_host_rep(host);
    wasmtime_component_resource_host_delete(host);
    return number;
}

static Exchange *exchange(Call *call) {
    return call->http->exchanges[call->number];
}

// Another handle for the same exchange.
static Value same(Call *call, uint32_t type) {
    return handle_for(call, type, call->number);
}

static void *grown(void *items, size_t count, size_t size) {
    items = realloc(items, count * size);
    if (items == NULL) {
        stop("out of memory");
    }
    return items;
}

static Value pollable(Call *call, uint64_t at_ns) {
    Http *http = call->http;
    http->pollables = grown(http->pollables, http->pollable_count + 1, sizeof at_ns);
    http->pollables[http->pollable_count] = at_ns;
    return handle_for(call, POLLABLE, http->pollable_count++);
}

// Requests begin with their headers.
static Value new_fields(Call *call) {
    Http *http = call->http;
    Exchange *it = calloc(1, sizeof *it);
    http->exchanges = grown(http->exchanges, http->exchange_count + 1, sizeof it);
    if (it == NULL) {
        stop("out of memory");
    }
    it->length = -1;
    http->exchanges[http->exchange_count] = it;
    return handle_for(call, FIELDS, http->exchange_count++);
}

static bool is_in_one_line(const Value *value) {
    for (size_t i = 0; i < value->of.list.size; i++) {
        uint8_t byte = value->of.list.data[i].of.u8;
        if ((byte < ' ' && byte != '\t') || byte == 0x7f) {
            return false;
        }
    }
    return true;
}

static void add_header(Exchange *it, Bytes *header) {
    add(header, "", 1);
    struct curl_slist *headers = curl_slist_append(it->headers, header->data);
    if (headers == NULL) {
        stop("out of memory");
    }
    it->headers = headers;
    free(header->data);
}

static Value append(Call *call) {
    Exchange *it = exchange(call);
    const wasm_name_t *name = &call->arguments[1].of.string;
    const Value *value = &call->arguments[2];
    if (!is_in_one_line(value) || memchr(name->data, ':', name->size) != NULL) {
        return error(bare("invalid-syntax"));
    }
    Bytes content = {0};
    for (size_t i = 0; i < value->of.list.size; i++) {
        add(&content, &value->of.list.data[i].of.u8, 1);
    }
    add(&content, "", 1);
    if (is(name, "content-length")) {
        // libcurl writes this header.
        it->length = strtoll(content.data, NULL, 10);
    } else {
        Bytes header = {0};
        add(&header, name->data, name->size);
        add_text(&header, *content.data != '\0' ? ": " : ";");
        add_text(&header, content.data);
        add_header(it, &header);
    }
    free(content.data);
    return ok_nothing();
}

// Only the headers of answers are asked for.
static Value entries(Call *call) {
    const Bytes *head = &exchange(call)->head;
    size_t count = 0;
    Value *items = NULL;
    for (size_t at = 0; at < head->size;) {
        const char *line = head->data + at;
        const char *newline = memchr(line, '\n', head->size - at);
        size_t size = newline == NULL ? head->size - at : (size_t)(newline - line);
        at += size + 1;
        const char *colon = memchr(line, ':', size);
        if (colon == NULL) {
            continue;
        }
        const char *value = colon + 1;
        const char *last = line + size;
        while (value < last && (*value == ' ' || *value == '\t')) {
            value++;
        }
        while (last > value && (last[-1] == '\r' || last[-1] == ' ' || last[-1] == '\t')) {
            last--;
        }
        Value name = {.kind = WASMTIME_COMPONENT_STRING};
        wasm_name_new(&name.of.string, (size_t)(colon - line), line);
        items = grown(items, count + 1, sizeof *items);
        items[count++] = pair(name, bytes(value, (size_t)(last - value)));
    }
    Value found = list(count, items);
    free(items);
    return found;
}

static Value outgoing_request(Call *call) {
    return same(call, OUTGOING_REQUEST);
}

static Value set_method(Call *call) {
    const wasm_name_t *method = &call->arguments[1].of.variant.discriminant;
    exchange(call)->is_post = is(method, "post");
    return is(method, "post") || is(method, "get") ? ok_nothing() : error_nothing();
}

static Value set_scheme(Call *call) {
    const Value *scheme = call->arguments[1].of.option;
    exchange(call)->is_tls = scheme != NULL && is(&scheme->of.variant.discriminant, "HTTPS");
    return ok_nothing();
}

static Value set_part(Bytes *part, const Value *given) {
    part->size = 0;
    if (given != NULL) {
        add(part, given->of.string.data, given->of.string.size);
    }
    return ok_nothing();
}

static Value set_authority(Call *call) {
    return set_part(&exchange(call)->authority, call->arguments[1].of.option);
}

static Value set_path(Call *call) {
    return set_part(&exchange(call)->target, call->arguments[1].of.option);
}

static Value request_body(Call *call) {
    return ok(same(call, OUTGOING_BODY));
}

// The component sets all time-outs of a request to what is left of its call.
static Value new_options(Call *call) {
    call->http->timeout_ms = FOREVER_MS;
    return handle_for(call, REQUEST_OPTIONS, 0);
}

static Value set_timeout(Call *call) {
    const Value *given = call->arguments[1].of.option;
    if (given != NULL) {
        uint64_t ms = given->of.u64 / NS_IN_MS + 1;
        call->http->timeout_ms = ms < call->http->timeout_ms ? ms : call->http->timeout_ms;
    }
    return ok_nothing();
}

// Connects, and no more: so a request that never had a connection is known to be unsent.
static Value handle(Call *call) {
    Http *http = call->http;
    Exchange *it = exchange(call);
    Bytes url = {0};
    add_text(&url, it->is_tls ? "https://" : "http://");
    add(&url, it->authority.data, it->authority.size);
    bool is_allowed = url.size == http->origin.size && memcmp(url.data, http->origin.data, url.size) == 0;
    add(&url, it->target.data, it->target.size);
    add(&url, "", 1);
    if (is_allowed) {
        Bytes expect = {0};
        add_text(&expect, "Expect:");
        add_header(it, &expect);
        if (http->authorization.size > 0) {
            Bytes header = {0};
            add_text(&header, "X-Bkapi-Authorization: ");
            add(&header, http->authorization.data, http->authorization.size);
            add_header(it, &header);
        }
        start(http->multi, it, &url, http->timeout_ms);
    }
    free(url.data);
    if (!is_allowed) {
        return error(bare("HTTP-request-denied"));
    }
    while (!it->is_connected && !it->is_done) {
        work(http);
    }
    return it->is_connected ? ok(same(call, FUTURE_RESPONSE)) : error(why_failed(it));
}

static Value body_write(Call *call) {
    return ok(same(call, OUTPUT_STREAM));
}

static Value check_write(Call *call) {
    (void)call;
    return ok(number(PIECE));
}

static Value write_piece(Call *call) {
    Exchange *it = exchange(call);
    const wasmtime_component_vallist_t *piece = &call->arguments[1].of.list;
    for (size_t i = 0; i < piece->size; i++) {
        add(&it->body, &piece->data[i].of.u8, 1);
    }
    return ok_nothing();
}

static Value flush(Call *call) {
    (void)call;
    return ok_nothing();
}

static Value finish(Call *call) {
    Exchange *it = exchange(call);
    it->is_whole = true;
    curl_easy_pause(it->easy, CURLPAUSE_CONT);
    return ok_nothing();
}

// A request waits where its answer is asked for, so that all but clocks is always ready.
static Value subscribe(Call *call) {
    return pollable(call, 0);
}

static Value response(Call *call) {
    Exchange *it = exchange(call);
    while (!it->has_head && !it->is_done) {
        work(call->http);
    }
    Value answer = it->has_head ? ok(same(call, INCOMING_RESPONSE)) : error(why_failed(it));
    return some(ok(answer));
}

static Value status(Call *call) {
    return (Value){.kind = WASMTIME_COMPONENT_U16, .of.u16 = (uint16_t)exchange(call)->status};
}

static Value response_headers(Call *call) {
    return same(call, FIELDS);
}

static Value consume(Call *call) {
    return ok(same(call, INCOMING_BODY));
}

static Value body_stream(Call *call) {
    return ok(same(call, INPUT_STREAM));
}

static Value read_piece(Call *call) {
    Exchange *it = exchange(call);
    uint64_t most = call->arguments[1].of.u64 < PIECE ? call->arguments[1].of.u64 : PIECE;
    while (it->answer.size == it->read && !it->is_done) {
        if (it->is_held) {
            it->is_held = false;
            curl_easy_pause(it->easy, CURLPAUSE_CONT);
        }
        work(call->http);
    }
    size_t left = it->answer.size - it->read;
    if (left > 0) {
        size_t size = left < most ? left : most;
        Value piece = bytes(it->answer.data + it->read, size);
        it->read += size;
        if (it->read == it->answer.size) {
            it->read = it->answer.size = 0;
        }
        return ok(piece);
    }
    return error(it->code == CURLE_OK ? bare("closed") : variant("last-operation-failed", handle_for(call, ERROR, 0)));
}

static uint64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_IN_S + (uint64_t)now.tv_nsec;
}

static Value block(Call *call) {
    uint64_t at_ns = call->http->pollables[call->number];
    struct timespec until = {(time_t)(at_ns / NS_IN_S), (long)(at_ns % NS_IN_S)};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
    return (Value){0};
}

// The component polls only what is not ready, and here all is. It has to stay so: wasmtime 50.0.1 traps where a function that
// C defines gets a list of handles that are lent.
static Value poll(Call *call) {
    (void)call;
    stop("the component polled, which this host does not have");
}

static Value monotonic_now(Call *call) {
    (void)call;
    return number(now_ns());
}

static Value subscribe_instant(Call *call) {
    return pollable(call, call->arguments[0].of.u64);
}

static Value wall_now(Call *call) {
    (void)call;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return RECORD(
        {"seconds", number((uint64_t)now.tv_sec)},
        {"nanoseconds", {.kind = WASMTIME_COMPONENT_U32, .of.u32 = (uint32_t)now.tv_nsec}}
    );
}

static Value random_u64(Call *call) {
    (void)call;
    uint64_t random;
    if (getrandom(&random, sizeof random, 0) != sizeof random) {
        stop("the system gives no random numbers");
    }
    return number(random);
}

typedef struct {
    const char *interface;
    const char *name;
    Value (*import)(Call *call);
} Row;

// The runtime takes a later patch of these versions too.
#define CLOCK "wasi:clocks/monotonic-clock@0.2.0"
#define HANDLER "wasi:http/outgoing-handler@0.2.0"
#define POLL "wasi:io/poll@0.2.0"
#define RANDOM "wasi:random/random@0.2.0"
#define STREAMS "wasi:io/streams@0.2.0"
#define TYPES "wasi:http/types@0.2.0"
#define WALL_CLOCK "wasi:clocks/wall-clock@0.2.0"

// Rows of one interface stand side by side.
static const Row ROWS[] = {
    {POLL, "poll", poll},
    {POLL, "[method]pollable.block", block},
    {STREAMS, "[method]input-stream.read", read_piece},
    {STREAMS, "[method]input-stream.subscribe", subscribe},
    {STREAMS, "[method]output-stream.check-write", check_write},
    {STREAMS, "[method]output-stream.write", write_piece},
    {STREAMS, "[method]output-stream.flush", flush},
    {STREAMS, "[method]output-stream.subscribe", subscribe},
    {CLOCK, "now", monotonic_now},
    {CLOCK, "subscribe-instant", subscribe_instant},
    {WALL_CLOCK, "now", wall_now},
    {RANDOM, "get-random-u64", random_u64},
    {TYPES, "[constructor]fields", new_fields},
    {TYPES, "[method]fields.append", append},
    {TYPES, "[method]fields.entries", entries},
    {TYPES, "[constructor]outgoing-request", outgoing_request},
    {TYPES, "[method]outgoing-request.set-method", set_method},
    {TYPES, "[method]outgoing-request.set-scheme", set_scheme},
    {TYPES, "[method]outgoing-request.set-authority", set_authority},
    {TYPES, "[method]outgoing-request.set-path-with-query", set_path},
    {TYPES, "[method]outgoing-request.body", request_body},
    {TYPES, "[constructor]request-options", new_options},
    {TYPES, "[method]request-options.set-connect-timeout", set_timeout},
    {TYPES, "[method]request-options.set-first-byte-timeout", set_timeout},
    {TYPES, "[method]request-options.set-between-bytes-timeout", set_timeout},
    {TYPES, "[method]outgoing-body.write", body_write},
    {TYPES, "[static]outgoing-body.finish", finish},
    {TYPES, "[method]future-incoming-response.subscribe", subscribe},
    {TYPES, "[method]future-incoming-response.get", response},
    {TYPES, "[method]incoming-response.status", status},
    {TYPES, "[method]incoming-response.headers", response_headers},
    {TYPES, "[method]incoming-response.consume", consume},
    {TYPES, "[method]incoming-body.stream", body_stream},
    {HANDLER, "handle", handle},
};

static const struct {
    const char *interface;
    const char *name;
    uint32_t type;
} RESOURCES[] = {
    {POLL, "pollable", POLLABLE},
    {"wasi:io/error@0.2.0", "error", ERROR},
    {STREAMS, "input-stream", INPUT_STREAM},
    {STREAMS, "output-stream", OUTPUT_STREAM},
    {TYPES, "fields", FIELDS},
    {TYPES, "outgoing-request", OUTGOING_REQUEST},
    {TYPES, "request-options", REQUEST_OPTIONS},
    {TYPES, "outgoing-body", OUTGOING_BODY},
    {TYPES, "future-incoming-response", FUTURE_RESPONSE},
    {TYPES, "incoming-response", INCOMING_RESPONSE},
    {TYPES, "incoming-body", INCOMING_BODY},
};

// A row, and for whom it is called.
typedef struct {
    Http *http;
    const Row *row;
} Import;

static wasmtime_error_t *called(
    void *data, wasmtime_context_t *context, const wasmtime_component_func_type_t *type, Value *arguments,
    size_t argument_count, Value *results, size_t result_count
) {
    (void)type;
    const Import *import = data;
    Call call = {import->http, context, arguments, 0};
    if (argument_count > 0 && arguments[0].kind == WASMTIME_COMPONENT_RESOURCE) {
        call.number = number_of(context, &arguments[0]);
    }
    Value result = import->row->import(&call);
    if (result_count == 1) {
        results[0] = result;
    }
    return NULL;
}

// What a handle stands for ends with the call.
static wasmtime_error_t *dropped(void *data, wasmtime_context_t *context, uint32_t number) {
    (void)data, (void)context, (void)number;
    return NULL;
}

void http_link(Http *http, wasmtime_component_linker_t *linker) {
    static const char *const INTERFACES[] = {
        POLL, "wasi:io/error@0.2.0", STREAMS, CLOCK, WALL_CLOCK, RANDOM, TYPES, HANDLER
    };
    wasmtime_component_linker_instance_t *root = wasmtime_component_linker_root(linker);
    for (size_t i = 0; i < COUNT(INTERFACES); i++) {
        const char *name = INTERFACES[i];
        wasmtime_component_linker_instance_t *interface;
        check(wasmtime_component_linker_instance_add_instance(root, name, strlen(name), &interface));
        for (size_t j = 0; j < COUNT(RESOURCES); j++) {
            if (strcmp(RESOURCES[j].interface, name) == 0) {
                wasmtime_component_resource_type_t *type = wasmtime_component_resource_type_new_host(RESOURCES[j].type);
                check(wasmtime_component_linker_instance_add_resource(
                    interface, RESOURCES[j].name, strlen(RESOURCES[j].name), type, dropped, NULL, NULL
                ));
                wasmtime_component_resource_type_delete(type);
            }
        }
        for (size_t j = 0; j < COUNT(ROWS); j++) {
            if (strcmp(ROWS[j].interface, name) == 0) {
                Import *import = grown(NULL, 1, sizeof *import);
                *import = (Import){http, &ROWS[j]};
                check(wasmtime_component_linker_instance_add_func(
                    interface, ROWS[j].name, strlen(ROWS[j].name), called, import, free
                ));
            }
        }
        wasmtime_component_linker_instance_delete(interface);
    }
    wasmtime_component_linker_instance_delete(root);
}

Http *http_new(const Settings *settings) {
    Http *http = calloc(1, sizeof *http);
    if (http == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        (http->multi = curl_multi_init()) == NULL) {
        stop("libcurl can't be started");
    }
    // A server that closes its connection is an error here, and no signal.
    signal(SIGPIPE, SIG_IGN);
    http->timeout_ms = FOREVER_MS;
    const char *host = strstr(settings->endpoint, "://");
    add(&http->origin,
        settings->endpoint,
        host == NULL ? 0 : (size_t)(host + 3 - settings->endpoint) + strcspn(host + 3, "/?"));
    // The oldest ESB reads credentials from the body alone, which the component writes.
    if (strcmp(settings->kind, "esb-legacy") != 0) {
        Bytes *json = &http->authorization;
        add_text(json, "{\"bk_app_code\":");
        add_json(json, settings->app_code);
        add_text(json, ",\"bk_app_secret\":");
        add_json(json, settings->app_secret);
        if (settings->access_token != NULL) {
            add_text(json, ",\"access_token\":");
            add_json(json, settings->access_token);
        }
        add_text(json, "}");
    }
    return http;
}

void http_end_call(Http *http) {
    for (uint32_t i = 0; i < http->exchange_count; i++) {
        end(http->multi, http->exchanges[i]);
    }
    http->exchange_count = http->pollable_count = 0;
}

void http_delete(Http *http) {
    http_end_call(http);
    curl_multi_cleanup(http->multi);
    free(http->exchanges);
    free(http->pollables);
    free(http->origin.data);
    free(http->authorization.data);
    free(http);
    curl_global_cleanup();
}
