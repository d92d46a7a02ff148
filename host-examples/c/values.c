#include "values.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Value text(const char *string) {
    Value value = {.kind = WASMTIME_COMPONENT_STRING};
    wasm_name_new_from_string(&value.of.string, string);
    return value;
}

Value bytes(const char *data, size_t size) {
    Value value = {.kind = WASMTIME_COMPONENT_LIST};
    wasmtime_component_vallist_new_uninit(&value.of.list, size);
    for (size_t i = 0; i < size; i++) {
        value.of.list.data[i] = (Value){.kind = WASMTIME_COMPONENT_U8, .of.u8 = (uint8_t)data[i]};
    }
    return value;
}

Value number(uint64_t number) {
    return (Value){.kind = WASMTIME_COMPONENT_U64, .of.u64 = number};
}

Value none(void) {
    return (Value){.kind = WASMTIME_COMPONENT_OPTION};
}

Value some(Value value) {
    return (Value){.kind = WASMTIME_COMPONENT_OPTION, .of.option = wasmtime_component_val_new(&value)};
}

Value enumeration(const char *name) {
    Value value = {.kind = WASMTIME_COMPONENT_ENUM};
    wasm_name_new_from_string(&value.of.enumeration, name);
    return value;
}

Value variant(const char *name, Value payload) {
    Value value = bare(name);
    value.of.variant.val = wasmtime_component_val_new(&payload);
    return value;
}

Value bare(const char *name) {
    Value value = {.kind = WASMTIME_COMPONENT_VARIANT};
    wasm_name_new_from_string(&value.of.variant.discriminant, name);
    return value;
}

Value ok(Value value) {
    return (Value){.kind = WASMTIME_COMPONENT_RESULT, .of.result = {true, wasmtime_component_val_new(&value)}};
}

Value ok_nothing(void) {
    return (Value){.kind = WASMTIME_COMPONENT_RESULT, .of.result.is_ok = true};
}

Value error(Value value) {
    return (Value){.kind = WASMTIME_COMPONENT_RESULT, .of.result = {false, wasmtime_component_val_new(&value)}};
}

Value error_nothing(void) {
    return (Value){.kind = WASMTIME_COMPONENT_RESULT};
}

Value list(size_t count, const Value *items) {
    Value value = {.kind = WASMTIME_COMPONENT_LIST};
    wasmtime_component_vallist_new(&value.of.list, count, items);
    return value;
}

Value pair(Value first, Value second) {
    Value value = {.kind = WASMTIME_COMPONENT_TUPLE};
    wasmtime_component_valtuple_new(&value.of.tuple, 2, (Value[]){first, second});
    return value;
}

Value record_of(size_t count, const Field *fields) {
    Value value = {.kind = WASMTIME_COMPONENT_RECORD};
    wasmtime_component_valrecord_new_uninit(&value.of.record, count);
    for (size_t i = 0; i < count; i++) {
        wasm_name_new_from_string(&value.of.record.data[i].name, fields[i].name);
        value.of.record.data[i].val = fields[i].value;
    }
    return value;
}

bool is(const wasm_name_t *name, const char *string) {
    return name->size == strlen(string) && memcmp(name->data, string, name->size) == 0;
}

const Value *field(const Value *record, const char *name) {
    for (size_t i = 0; i < record->of.record.size; i++) {
        if (is(&record->of.record.data[i].name, name)) {
            return &record->of.record.data[i].val;
        }
    }
    stop("the component is of another version: a field is missing");
}

_Noreturn void stop(const char *message) {
    fprintf(stderr, "%s\n", message);
    exit(1);
}

void check(wasmtime_error_t *error) {
    if (error != NULL) {
        wasm_name_t message;
        wasmtime_error_message(error, &message);
        fprintf(stderr, "%.*s\n", (int)message.size, message.data);
        exit(1);
    }
}
