// A host in C, over wasmtime's C API. It asks for an approval and waits for it, or says what a received callback is worth.
//
// Whatever fails ends the program, so nothing is freed on those ways.

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <wasmtime.h>

// The oldest version that will do: the runtime finds these names in a component of 0.1.1 too, and not in one of 0.2.0.
#define CALLBACKS "blueking:itsm/callbacks@0.1.0"
#define DIAGNOSIS "blueking:itsm/diagnosis@0.1.0"
#define TICKETS "blueking:itsm/tickets@0.1.0"

enum { EVERY_S = 1, AT_MOST_S = 600, MOST_BYTES = 128 * 1024, MOST_KEYS = 16 };

static _Noreturn void stop(const char *message) {
    fprintf(stderr, "%s\n", message);
    exit(1);
}

static const char *env(const char *name) {
    const char *value = getenv(name);
    if (value == NULL) {
        fprintf(stderr, "%s is not set\n", name);
        exit(1);
    }
    return value;
}

// ---- Values, as the component takes and gives them. Who makes one owns it, and what is put into another is owned by that.

typedef wasmtime_component_val_t Value;
typedef struct {
    const char *name;
    Value value;
} Field;

static Value text(const char *string) {
    Value value = {.kind = WASMTIME_COMPONENT_STRING};
    wasm_name_new_from_string(&value.of.string, string);
    return value;
}

static Value number(uint64_t number) {
    return (Value){.kind = WASMTIME_COMPONENT_U64, .of.u64 = number};
}

static Value none(void) {
    return (Value){.kind = WASMTIME_COMPONENT_OPTION};
}

static Value variant(const char *name, Value payload) {
    Value value = {.kind = WASMTIME_COMPONENT_VARIANT, .of.variant.val = wasmtime_component_val_new(&payload)};
    wasm_name_new_from_string(&value.of.variant.discriminant, name);
    return value;
}

static Value list(size_t count, const Value *items) {
    Value value = {.kind = WASMTIME_COMPONENT_LIST};
    wasmtime_component_vallist_new(&value.of.list, count, items);
    return value;
}

static Value pair(const char *first, const char *second) {
    Value value = {.kind = WASMTIME_COMPONENT_TUPLE};
    wasmtime_component_valtuple_new(&value.of.tuple, 2, (Value[]){text(first), text(second)});
    return value;
}

static Value record(size_t count, const Field *fields) {
    Value value = {.kind = WASMTIME_COMPONENT_RECORD};
    wasmtime_component_valrecord_new_uninit(&value.of.record, count);
    for (size_t i = 0; i < count; i++) {
        wasm_name_new_from_string(&value.of.record.data[i].name, fields[i].name);
        value.of.record.data[i].val = fields[i].value;
    }
    return value;
}

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define LIST(...) list(COUNT(((Value[]){__VA_ARGS__})), (Value[]){__VA_ARGS__})
#define RECORD(...) record(COUNT(((Field[]){__VA_ARGS__})), (Field[]){__VA_ARGS__})
#define EMPTY_LIST list(0, NULL)

static bool is(const wasm_name_t *name, const char *string) {
    return name->size == strlen(string) && memcmp(name->data, string, name->size) == 0;
}

static const Value *field(const Value *record, const char *name) {
    for (size_t i = 0; i < record->of.record.size; i++) {
        if (is(&record->of.record.data[i].name, name)) {
            return &record->of.record.data[i].val;
        }
    }
    stop("the component is of another version: a field is missing");
}

// Prints a text on one line, and without what steers a terminal: it can be a server's. In UTF-8 a control character is one
// byte, or 0xc2 and another.
static void print(FILE *file, const wasm_name_t *name) {
    for (size_t i = 0; i < name->size; i++) {
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
} Component;

static void check(wasmtime_error_t *error) {
    if (error != NULL) {
        wasm_name_t message;
        wasmtime_error_message(error, &message);
        print(stderr, &message);
        stop("");
    }
}

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
    Component loaded = {.engine = wasm_engine_new()};
    check(wasmtime_component_new(loaded.engine, bytes, size, &loaded.component));
    free(bytes);
    loaded.linker = wasmtime_component_linker_new(loaded.engine);
    check(wasmtime_component_linker_add_wasip2(loaded.linker));
    check(wasmtime_component_linker_add_wasi_http(loaded.linker));
    return loaded;
}

static void unload(Component *loaded) {
    wasmtime_component_linker_delete(loaded->linker);
    wasmtime_component_delete(loaded->component);
    wasm_engine_delete(loaded->engine);
}

// Calls a function in an instance of its own: an instance takes one call at a time. The arguments stay the caller's.
static Value call_with(
    Component *loaded, const char *interface, const char *function, const Value *arguments, size_t count
) {
    wasmtime_store_t *store = wasmtime_store_new(loaded->engine, NULL, NULL);
    wasmtime_context_t *context = wasmtime_store_context(store);
    check(wasmtime_context_set_wasi(context, wasi_config_new()));
    wasmtime_context_set_wasi_http(context);
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
    return result;
}

#define CALL(loaded, interface, function, ...) \
    call_with(loaded, interface, function, (Value[]){__VA_ARGS__}, COUNT(((Value[]){__VA_ARGS__})))

// ---- Asking ITSM

static Value connection_from_settings(void) {
    return RECORD(
        {"endpoint", variant("gateway", text(env("ITSM_GATEWAY")))},
        {"authorization",
         variant(
             "app",
             RECORD(
                 {"app-code", text(env("ITSM_APP_CODE"))},
                 {"app-secret", text(env("ITSM_APP_SECRET"))},
                 {"user", none()}
             )
         )},
        {"headers", EMPTY_LIST},
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
    Value language = {.kind = WASMTIME_COMPONENT_ENUM};
    wasm_name_new_from_string(&language.of.enumeration, "english");
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
static Value number_of(const Value *created) {
    Value sn;
    wasmtime_component_val_clone(field(created, "sn"), &sn);
    fputs("waiting for ", stderr);
    print(stderr, &sn.of.string);
    fputs("\n", stderr);
    return sn;
}

// Asks for the ticket by its tag, as long as ITSM may still make it.
static Value recover(Component *itsm, const Value *connection, const Value *ticket) {
    for (time_t end = time(NULL) + AT_MOST_S; time(NULL) < end; sleep(EVERY_S)) {
        Value result = CALL(itsm, TICKETS, "recover", *connection, *ticket);
        const Value *recovery = answer_or_null(itsm, &result);
        if (recovery != NULL && is(&recovery->of.variant.discriminant, "found")) {
            Value sn = number_of(recovery->of.variant.val);
            wasmtime_component_val_delete(&result);
            return sn;
        }
        if (recovery != NULL && !is(&recovery->of.variant.discriminant, "absent")) {
            person_must_look(recovery);
        }
        wasmtime_component_val_delete(&result);
    }
    stop("no ticket was made");
}

// Makes the ticket, once.
static Value create(Component *itsm, const Value *connection, const Value *ticket) {
    Value created = CALL(itsm, TICKETS, "create", *connection, *ticket);
    const Value *answer = created.of.result.val;
    Value sn;
    if (created.of.result.is_ok) {
        sn = number_of(answer);
    } else {
        fputs("create failed: ", stderr);
        print_failure(itsm, answer);
        if (!field(answer, "may-have-acted")->of.boolean) {
            exit(1);
        }
        sn = recover(itsm, connection, ticket);
    }
    wasmtime_component_val_delete(&created);
    return sn;
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

static Decision approval(const char *creator, const char *approver, const char *title) {
    Component itsm = load("itsm.wasm");
    Value connection = connection_from_settings();
    Value ticket = RECORD(
        {"tag", call_with(&itsm, TICKETS, "new-tag", NULL, 0)},
        {"service", variant("fast-approval", RECORD({"approvers", LIST(text(approver))}, {"content", text(title)}))},
        {"creator", text(creator)},
        {"title", text(title)},
        {"fields", EMPTY_LIST},
        {"processors", EMPTY_LIST},
        {"callback", none()},
        {"extra-json", none()}
    );
    Value sn = create(&itsm, &connection, &ticket);
    Decision decided = wait_for(&itsm, &connection, &sn);
    wasmtime_component_val_delete(&sn);
    wasmtime_component_val_delete(&ticket);
    wasmtime_component_val_delete(&connection);
    unload(&itsm);
    return decided;
}

// ---- Receiving a callback

static Value body_from_stdin(void) {
    char bytes[MOST_BYTES];
    size_t size = fread(bytes, 1, sizeof bytes, stdin);
    Value value = {.kind = WASMTIME_COMPONENT_LIST};
    wasmtime_component_vallist_new_uninit(&value.of.list, size);
    for (size_t i = 0; i < size; i++) {
        value.of.list.data[i] = (Value){.kind = WASMTIME_COMPONENT_U8, .of.u8 = (uint8_t)bytes[i]};
    }
    return value;
}

// The keys in ITSM_BINDING_KEYS, with commas between them: all that may still be in use.
static Value binding_keys(void) {
    const char *rest = env("ITSM_BINDING_KEYS");
    Value keys[MOST_KEYS];
    size_t count = 0;
    while (rest != NULL) {
        if (count == MOST_KEYS) {
            stop("ITSM_BINDING_KEYS has too many keys");
        }
        rest += strspn(rest, " \n");
        size_t length = strcspn(rest, ", \n");
        keys[count] = (Value){.kind = WASMTIME_COMPONENT_STRING};
        wasm_name_new(&keys[count++].of.string, length, rest);
        rest = strchr(rest, ',');
        rest = rest == NULL ? NULL : rest + 1;
    }
    return list(count, keys);
}

// What a request to the callback address is. The component for this imports nothing, so the key can't leave.
static Value received(const char *header) {
    Component callbacks = load("itsm-callbacks.wasm");
    Value keys = binding_keys();
    Value headers = LIST(pair("X-Itsm-Binding", header));
    Value url = text(env("ITSM_CALLBACK_URL"));
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

    Component itsm = load("itsm.wasm");
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
    if (count == 5 && strcmp(arguments[1], "approval") == 0) {
        return approval(arguments[2], arguments[3], arguments[4]) == APPROVED ? 0 : 1;
    }
    if (count == 3 && strcmp(arguments[1], "callback") == 0) {
        return callback(arguments[2]) == APPROVED ? 0 : 1;
    }
    stop("usage: host approval CREATOR APPROVER TITLE\n       host callback BINDING <BODY");
}
