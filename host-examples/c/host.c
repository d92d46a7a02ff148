// A host in C, over wasmtime's C API. It asks for an approval and waits for it, or says what a received callback is worth.
//
// Whatever fails ends the program, so nothing is freed on those ways.

#include "http.h"
#include "record.h"
#include "settings.h"
#include "values.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// The oldest version that will do: the runtime finds these names in a component of 0.1.1 too, and not in one of 0.2.0.
#define CALLBACKS "blueking:itsm/callbacks@0.1.0"
#define DIAGNOSIS "blueking:itsm/diagnosis@0.1.0"
#define OPERATIONS "blueking:itsm/operations@0.1.0"
#define TICKETS "blueking:itsm/tickets@0.1.0"

enum { EVERY_S = 1, AT_MOST_S = 600, MOST_BYTES = 128 * 1024 };

static Settings settings;

// ---- What is printed

// How many bytes of a text are a letter, as it is or as JSON or an address writes the letter. 0 if they are not.
static size_t written(const char *text, size_t size, char letter) {
    char escaped[8];
    size_t slashes = 0;
    while (slashes < size && slashes < 8 && text[slashes] == '\\') {
        slashes++;
    }
    // JSON within JSON has twice the backslashes.
    snprintf(escaped, sizeof escaped, "u%04x", (unsigned char)letter);
    if (slashes > 0 && size - slashes >= 5 && strncasecmp(text + slashes, escaped, 5) == 0) {
        return slashes + 5;
    }
    if (slashes > 0 && letter == '\\') {
        return slashes;
    }
    if (slashes < size && text[slashes] == letter) {
        return slashes + 1;
    }
    snprintf(escaped, sizeof escaped, "%%%02x", (unsigned char)letter);
    return size >= 3 && strncasecmp(text, escaped, 3) == 0 ? 3 : 0;
}

// How many bytes at the start of a text are a secret that a server has repeated, or the start of one that was cut.
static size_t secret_at(const char *text, size_t size, const char *secret) {
    size_t at = 0;
    // One or two characters are no secret, and stand in every word.
    if (secret == NULL || strlen(secret) < 3) {
        return 0;
    }
    for (const char *letter = secret; *letter != '\0'; letter++) {
        size_t found = written(text + at, size - at, *letter);
        if (found == 0) {
            return at == size && letter - secret >= 3 ? at : 0;
        }
        at += found;
    }
    return at;
}

// Prints a text on one line, without secrets, and without what steers a terminal: it can be a server's. In UTF-8 a control
// character is one byte, or 0xc2 and another.
static void print(FILE *file, const wasm_name_t *name) {
    for (size_t i = 0; i < name->size; i++) {
        size_t secret = secret_at(name->data + i, name->size - i, settings.app_secret);
        if (secret == 0) {
            secret = secret_at(name->data + i, name->size - i, settings.access_token);
        }
        if (secret > 0) {
            fputs("[secret]", file);
            i += secret - 1;
            continue;
        }
        unsigned char byte = (unsigned char)name->data[i];
        bool two = byte == 0xc2 && (unsigned char)name->data[i + 1] < 0xa0;
        fputc(byte < ' ' || byte == 0x7f || two ? ' ' : byte, file);
        i += two;
    }
}

static void print_field(FILE *file, const Value *record, const char *name) {
    print(file, &field(record, name)->of.string);
}

// ---- The component

typedef struct {
    wasm_engine_t *engine;
    wasmtime_component_t *component;
    wasmtime_component_linker_t *linker;
    // Null for a component that imports nothing.
    Http *http;
} Component;

static Component load(const char *name) {
    const char *folder = getenv("ITSM_WASM_DIR");
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder != NULL ? folder : "../../target/itsm", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s is missing: run `cargo xtask build`\n", path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    size_t size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(size);
    if (bytes == NULL || fread(bytes, 1, size, file) != size) {
        stop("the component can't be read");
    }
    fclose(file);
    // The user's cache folder keeps the compiled component. Where there is no such folder, each start compiles.
    wasm_config_t *config = wasm_config_new();
    wasmtime_error_t *no_cache = wasmtime_config_cache_config_load(config, NULL);
    if (no_cache != NULL) {
        wasmtime_error_delete(no_cache);
    }
    Component loaded = {.engine = wasm_engine_new_with_config(config)};
    check(wasmtime_component_new(loaded.engine, bytes, size, &loaded.component));
    free(bytes);
    loaded.linker = wasmtime_component_linker_new(loaded.engine);
    return loaded;
}

// The component that asks ITSM.
static Component load_itsm(void) {
    Component loaded = load("itsm.wasm");
    loaded.http = http_new(&settings);
    http_link(loaded.http, loaded.linker);
    return loaded;
}

static void unload(Component *loaded) {
    wasmtime_component_linker_delete(loaded->linker);
    if (loaded->http != NULL) {
        http_delete(loaded->http);
    }
    wasmtime_component_delete(loaded->component);
    wasm_engine_delete(loaded->engine);
}

// Calls a function in an instance of its own: an instance takes one call at a time. The arguments stay the caller's.
static Value call_with(
    Component *loaded, const char *interface, const char *function, const Value *arguments, size_t count
) {
    wasmtime_store_t *store = wasmtime_store_new(loaded->engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    wasmtime_component_instance_t instance;
    check(wasmtime_component_linker_instantiate(loaded->linker, context, loaded->component, &instance));
    wasmtime_component_export_index_t *outer =
        wasmtime_component_get_export_index(loaded->component, NULL, interface, strlen(interface));
    wasmtime_component_export_index_t *inner =
        wasmtime_component_get_export_index(loaded->component, outer, function, strlen(function));
    wasmtime_component_func_t callee;
    if (outer == NULL || inner == NULL || !wasmtime_component_instance_get_func(&instance, context, inner, &callee)) {
        stop("the component is of another version: a function is missing");
    }
    // The call drops what is in the result's place first: it must hold something.
    Value result = {0};
    check(wasmtime_component_func_call(&callee, context, arguments, count, &result, 1));
    wasmtime_component_export_index_delete(inner);
    wasmtime_component_export_index_delete(outer);
    wasmtime_store_delete(store);
    if (loaded->http != NULL) {
        http_end_call(loaded->http);
    }
    return result;
}

#define CALL(loaded, interface, function, ...) \
    call_with(loaded, interface, function, (Value[]){__VA_ARGS__}, COUNT(((Value[]){__VA_ARGS__})))

// ---- Asking ITSM

// The component never gets the credentials, but for the oldest ESB, which reads them from the body alone.
static Value authorization(void) {
    if (strcmp(settings.kind, "esb-legacy") != 0) {
        return bare("added-by-host");
    }
    const char *token = settings.access_token;
    return variant(
        "app",
        RECORD(
            {"app-code", text(settings.app_code)},
            {"app-secret", text(settings.app_secret)},
            {"user", token == NULL ? none() : some(variant("access-token", text(token)))}
        )
    );
}

static Value connection_from_settings(void) {
    const char *tenant = settings.tenant_id;
    return RECORD(
        {"endpoint", variant(settings.kind, text(settings.endpoint))},
        {"authorization", authorization()},
        {"headers", tenant == NULL ? EMPTY_LIST : LIST(pair(text("X-Bk-Tenant-Id"), text(tenant)))},
        {"deadline-ms", none()}
    );
}

static _Noreturn void person_must_look(const Value *answer) {
    fputs("a person must look, ITSM says ", stderr);
    print(stderr, &answer->of.variant.discriminant);
    if (is(&answer->of.variant.discriminant, "undecidable")) {
        fputs(": ", stderr);
        print_field(stderr, answer->of.variant.val, "why");
    }
    stop("");
}

// Prints a failure for a person: what happened, what to do next, and whether ITSM may have acted.
static void print_failure(Component *itsm, const Value *failure) {
    print_field(stderr, failure, "message");
    fputs("\n", stderr);
    Value language = enumeration("english");
    Value sentences = CALL(itsm, DIAGNOSIS, "describe-failure", *failure, language);
    print(stderr, &sentences.of.string);
    fputs("\n", stderr);
    wasmtime_component_val_delete(&sentences);
    wasmtime_component_val_delete(&language);
}

// The answer to a question: none when it failed. A question changes nothing, and the ticket is still there.
static const Value *answer_or_null(Component *itsm, const Value *result) {
    if (!result->of.result.is_ok) {
        fputs("asking failed: ", stderr);
        print_failure(itsm, result->of.result.val);
        return NULL;
    }
    return result->of.result.val;
}

typedef enum { NOT_YET, APPROVED, NOT_APPROVED } Decision;

// What a confirmation comes to. The verdict of a ticket that has ended is printed.
static Decision decision(const Value *confirmation) {
    const wasm_name_t *what = &confirmation->of.variant.discriminant;
    if (is(what, "open") || is(what, "undecided")) {
        return NOT_YET;
    }
    if (!is(what, "ended")) {
        person_must_look(confirmation);
    }
    const wasm_name_t *verdict = &field(confirmation->of.variant.val, "verdict")->of.enumeration;
    print(stdout, verdict);
    puts("");
    return is(verdict, "approved") ? APPROVED : NOT_APPROVED;
}

// ---- Asking for an approval

// The number of a ticket that `create` or `recover` answered.
static Value number_of(const Record *record, const Value *created) {
    Value sn;
    wasmtime_component_val_clone(field(created, "sn"), &sn);
    record_made(record, &sn.of.string);
    return sn;
}

// Asks for the ticket by its tag, as long as ITSM may still make it: ten minutes, counted without a clock that could be set.
// Says whether there is one.
static bool recover(Component *itsm, const Record *record, const Value *connection, const Value *ticket, Value *sn) {
    for (int waited = 0; waited <= AT_MOST_S; waited += EVERY_S, sleep(EVERY_S)) {
        Value result = CALL(itsm, TICKETS, "recover", *connection, *ticket);
        const Value *recovery = answer_or_null(itsm, &result);
        bool found = recovery != NULL && is(&recovery->of.variant.discriminant, "found");
        if (found) {
            *sn = number_of(record, recovery->of.variant.val);
        } else if (recovery != NULL && !is(&recovery->of.variant.discriminant, "absent")) {
            person_must_look(recovery);
        }
        wasmtime_component_val_delete(&result);
        if (found) {
            return true;
        }
    }
    return false;
}

// Makes the ticket, once.
static Value create(Component *itsm, const Record *record, const Value *connection, const Value *ticket) {
    if (record->tag == NULL) {
        record_asked(record, &field(ticket, "tag")->of.string);
    }
    Value created = CALL(itsm, TICKETS, "create", *connection, *ticket);
    const Value *answer = created.of.result.val;
    Value sn;
    if (created.of.result.is_ok) {
        sn = number_of(record, answer);
    } else {
        fputs("create failed: ", stderr);
        print_failure(itsm, answer);
        if (!field(answer, "may-have-acted")->of.boolean) {
            record_not_made(record);
            exit(1);
        }
        if (!recover(itsm, record, connection, ticket, &sn)) {
            stop("no ticket was made");
        }
    }
    wasmtime_component_val_delete(&created);
    return sn;
}

// The number of the request's ticket: that of the record, or that of the ticket which a program that ended may have asked
// for, or that of a new one.
static Value ticket_of(Component *itsm, const Record *record, const Value *connection, const Value *ticket) {
    Value sn;
    if (record->sn != NULL) {
        return text(record->sn);
    }
    if (record->tag != NULL && recover(itsm, record, connection, ticket, &sn)) {
        return sn;
    }
    return create(itsm, record, connection, ticket);
}

// Asks until the ticket has ended. Its number is our own record's, so no tag needs to be checked.
static Decision wait_for(Component *itsm, const Value *connection, const Value *sn) {
    for (time_t end = time(NULL) + AT_MOST_S; time(NULL) < end; sleep(EVERY_S)) {
        Value result = CALL(itsm, TICKETS, "confirm-own", *connection, *sn);
        const Value *confirmation = answer_or_null(itsm, &result);
        Decision now = confirmation == NULL ? NOT_YET : decision(confirmation);
        wasmtime_component_val_delete(&result);
        if (now != NOT_YET) {
            return now;
        }
    }
    puts("open");
    return NOT_YET;
}

static Decision approval(const char *path, const char *creator, const char *approver, const char *title) {
    Record record = open_record(path, creator, approver, title);
    Component itsm = load_itsm();
    Value connection = connection_from_settings();
    Value ticket = RECORD(
        {"tag", record.tag != NULL ? text(record.tag) : call_with(&itsm, TICKETS, "new-tag", NULL, 0)},
        {"service", variant("fast-approval", RECORD({"approvers", LIST(text(approver))}, {"content", text(title)}))},
        {"creator", text(creator)},
        {"title", text(title)},
        {"fields", EMPTY_LIST},
        {"processors", EMPTY_LIST},
        {"callback", none()},
        {"extra-json", none()}
    );
    Value sn = ticket_of(&itsm, &record, &connection, &ticket);
    fputs("waiting for ", stderr);
    print(stderr, &sn.of.string);
    fputs("\n", stderr);
    Decision decided = wait_for(&itsm, &connection, &sn);
    wasmtime_component_val_delete(&sn);
    wasmtime_component_val_delete(&ticket);
    wasmtime_component_val_delete(&connection);
    unload(&itsm);
    close_record(&record);
    return decided;
}

// ---- Taking a ticket back

// ITSM calls back while it withdraws. The callback goes to an instance of its own, in another process.
static bool withdraw(const char *creator, const char *sn, const char *reason) {
    Component itsm = load_itsm();
    Value connection = connection_from_settings();
    Value arguments[] = {connection, text(sn), text(creator), text(reason)};
    Value result = call_with(&itsm, OPERATIONS, "withdraw", arguments, COUNT(arguments));
    bool is_withdrawn = result.of.result.is_ok;
    if (is_withdrawn) {
        puts("withdrawn");
    } else {
        fputs("withdraw failed: ", stderr);
        print_failure(&itsm, result.of.result.val);
    }
    wasmtime_component_val_delete(&result);
    for (size_t i = 0; i < COUNT(arguments); i++) {
        wasmtime_component_val_delete(&arguments[i]);
    }
    unload(&itsm);
    return is_withdrawn;
}

// ---- Receiving a callback

static Value body_from_stdin(void) {
    char body[MOST_BYTES];
    return bytes(body, fread(body, 1, sizeof body, stdin));
}

static Value binding_keys(void) {
    Value keys[MOST_KEYS];
    for (size_t i = 0; i < settings.keys; i++) {
        keys[i] = text(settings.binding_keys[i]);
    }
    return list(settings.keys, keys);
}

// What a request to the callback address is. The component for this imports nothing, so the key can't leave.
static Value received(const char *header) {
    if (settings.callback_url == NULL) {
        stop("ITSM_CALLBACK_URL is not set");
    }
    Component callbacks = load("itsm-callbacks.wasm");
    Value keys = binding_keys();
    Value headers = LIST(pair(text("X-Itsm-Binding"), text(header)));
    Value url = text(settings.callback_url);
    Value body = body_from_stdin();
    Value reception = CALL(&callbacks, CALLBACKS, "receive", keys, headers, url, number((uint64_t)time(NULL)), body);
    wasmtime_component_val_delete(&body);
    wasmtime_component_val_delete(&url);
    wasmtime_component_val_delete(&headers);
    wasmtime_component_val_delete(&keys);
    unload(&callbacks);
    return reception;
}

// A callback is a claim: ITSM itself says what became of the operation's ticket.
static Decision callback(const char *header) {
    Value reception = received(header);
    const Value *payload = reception.of.variant.val;
    if (is(&reception.of.variant.discriminant, "refused")) {
        print_field(stderr, payload, "why");
        stop("");
    }
    if (is(&reception.of.variant.discriminant, "self-check")) {
        stop("a self-check, and its binding holds");
    }
    const Value *bound = field(payload, "bound");
    fputs("operation ", stderr);
    print_field(stderr, field(bound, "claims"), "operation-id");
    fputs("\n", stderr);

    Component itsm = load_itsm();
    Value connection = connection_from_settings();
    const Value *sn = field(field(payload, "callback"), "sn");
    Value result = CALL(&itsm, TICKETS, "confirm", connection, *sn, *field(bound, "tag"));
    const Value *confirmation = answer_or_null(&itsm, &result);
    Decision decided = confirmation == NULL ? NOT_YET : decision(confirmation);
    if (decided == NOT_YET) {
        fputs("not to be acted on now: answer `refused`, and ask again later\n", stderr);
    }
    wasmtime_component_val_delete(&result);
    wasmtime_component_val_delete(&connection);
    unload(&itsm);
    wasmtime_component_val_delete(&reception);
    return decided;
}

int main(int count, char **arguments) {
    const char *why = read_settings(&settings);
    if (why != NULL) {
        stop(why);
    }
    if (count == 7 && strcmp(arguments[1], "approval") == 0 && strcmp(arguments[2], "--record") == 0) {
        return approval(arguments[3], arguments[4], arguments[5], arguments[6]) == APPROVED ? 0 : 1;
    }
    if (count == 5 && strcmp(arguments[1], "approval") == 0) {
        return approval(NULL, arguments[2], arguments[3], arguments[4]) == APPROVED ? 0 : 1;
    }
    if (count == 3 && strcmp(arguments[1], "callback") == 0) {
        return callback(arguments[2]) == APPROVED ? 0 : 1;
    }
    if (count == 5 && strcmp(arguments[1], "withdraw") == 0) {
        return withdraw(arguments[2], arguments[3], arguments[4]) ? 0 : 1;
    }
    stop(
        "usage: host approval [--record FILE] CREATOR APPROVER TITLE\n"
        "       host withdraw CREATOR SN REASON\n"
        "       host callback BINDING <BODY"
    );
}
