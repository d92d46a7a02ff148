// Prints the settings of the environment as JSON, or the sentence that says what is wrong.

#include "../settings.h"
#include <stdio.h>

// The tests' values need no escapes.
static void print_text(const char *value) {
    printf(value == NULL ? "null" : "\"%s\"", value);
}

static void print_member(const char *name, const char *value) {
    printf(", \"%s\": ", name);
    print_text(value);
}

int main(void) {
    Settings settings;
    const char *why = read_settings(&settings);
    if (why != NULL) {
        fprintf(stderr, "%s\n", why);
        return 1;
    }
    printf("{\"endpoint\": {\"%s\": \"%s\"}", settings.kind, settings.endpoint);
    print_member("app-code", settings.app_code);
    print_member("app-secret", settings.app_secret);
    print_member("access-token", settings.access_token);
    print_member("tenant-id", settings.tenant_id);
    print_member("callback-url", settings.callback_url);
    printf(", \"binding-keys\": [");
    for (size_t i = 0; i < settings.keys; i++) {
        printf(i == 0 ? "" : ", ");
        print_text(settings.binding_keys[i]);
    }
    printf("]}\n");
    return 0;
}
