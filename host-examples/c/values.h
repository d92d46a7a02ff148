// Values, as a component takes and gives them. Who makes one owns it, and what is put into another is owned by that.

#ifndef VALUES_H
#define VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <wasmtime.h>

typedef wasmtime_component_val_t Value;
typedef struct {
    const char *name;
    Value value;
} Field;

Value text(const char *string);
Value bytes(const char *data, size_t size);
Value number(uint64_t number);
Value none(void);
Value some(Value value);
Value enumeration(const char *name);
// A case of a variant, with and without what belongs to the case.
Value variant(const char *name, Value payload);
Value bare(const char *name);
Value ok(Value value);
Value ok_nothing(void);
Value error(Value value);
Value error_nothing(void);
Value list(size_t count, const Value *items);
Value pair(Value first, Value second);
Value record_of(size_t count, const Field *fields);

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define LIST(...) list(COUNT(((Value[]){__VA_ARGS__})), (Value[]){__VA_ARGS__})
#define RECORD(...) record_of(COUNT(((Field[]){__VA_ARGS__})), (Field[]){__VA_ARGS__})
#define EMPTY_LIST list(0, NULL)

bool is(const wasm_name_t *name, const char *string);
const Value *field(const Value *record, const char *name);

_Noreturn void stop(const char *message);
// Ends the program if something went wrong in the runtime.
void check(wasmtime_error_t *error);

#endif
