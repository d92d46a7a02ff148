#include "settings.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Every setting that a host or program of this project reads. Another name that begins with ITSM_ is taken for a slip.
static const char *const NAMES[] = {
    "ITSM_ACCESS_TOKEN",  "ITSM_APP_CODE",    "ITSM_APP_SECRET",      "ITSM_BINDING_KEYS", "ITSM_CALLBACK_URL",
    "ITSM_CONFIG",        "ITSM_DATABASE",    "ITSM_DECIDE_WITHIN_S", "ITSM_ESB",          "ITSM_ESB_LEGACY",
    "ITSM_FORWARD_TOKEN", "ITSM_FORWARD_URL", "ITSM_GATEWAY",         "ITSM_LANGUAGE",     "ITSM_LISTEN",
    "ITSM_OPERATOR",      "ITSM_ORDERS",      "ITSM_RECORD",          "ITSM_TENANT_ID",    "ITSM_TITLE",
    "ITSM_WASM",          "ITSM_WASM_DIR",
};
enum { LONGEST_NAME = 20 };

static size_t least(size_t one, size_t other) {
    return one < other ? one : other;
}

// How many letters are to be put in, left out or changed.
static size_t distance(const char *name, size_t length, const char *known) {
    size_t row[LONGEST_NAME + 1];
    size_t size = strlen(known);
    for (size_t j = 0; j <= size; j++) {
        row[j] = j;
    }
    for (size_t i = 0; i < length; i++) {
        size_t before = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < size; j++) {
            size_t changed = before + (name[i] != known[j]);
            before = row[j + 1];
            row[j + 1] = least(changed, least(before, row[j]) + 1);
        }
    }
    return row[size];
}

static const char *wrong_name(void) {
    static char why[512];
    for (char **entry = environ; *entry != NULL; entry++) {
        size_t length = strcspn(*entry, "=");
        if (strncmp(*entry, "ITSM_", 5) != 0) {
            continue;
        }
        const char *nearest = NAMES[0];
        for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
            if (distance(*entry, length, NAMES[i]) < distance(*entry, length, nearest)) {
                nearest = NAMES[i];
            }
        }
        if (distance(*entry, length, nearest) > 0) {
            snprintf(why, sizeof why, "%.*s is no setting. Is %s meant?", (int)least(length, 256), *entry, nearest);
            return why;
        }
    }
    return NULL;
}

// A copy without the blanks around it. Null if nothing is left.
static char *trimmed(const char *from, size_t size) {
    while (size > 0 && isspace((unsigned char)*from)) {
        from++, size--;
    }
    while (size > 0 && isspace((unsigned char)from[size - 1])) {
        size--;
    }
    return size == 0 ? NULL : strndup(from, size);
}

static char *given(const char *name) {
    const char *value = getenv(name);
    return value == NULL ? NULL : trimmed(value, strlen(value));
}

static const char *read_endpoint(Settings *settings) {
    static const char *const KINDS[][2] = {
        {"ITSM_GATEWAY", "gateway"}, {"ITSM_ESB", "esb"}, {"ITSM_ESB_LEGACY", "esb-legacy"}
    };
    for (size_t i = 0; i < 3; i++) {
        char *endpoint = given(KINDS[i][0]);
        if (endpoint != NULL && settings->endpoint != NULL) {
            return "only one of ITSM_GATEWAY, ITSM_ESB and ITSM_ESB_LEGACY can be set";
        }
        if (endpoint != NULL) {
            settings->kind = KINDS[i][1];
            settings->endpoint = endpoint;
        }
    }
    return settings->endpoint != NULL
               ? NULL
               : "ITSM_GATEWAY is not set, nor are ITSM_ESB and ITSM_ESB_LEGACY: one of them says where ITSM is";
}

static const char *read_keys(Settings *settings) {
    const char *rest = getenv("ITSM_BINDING_KEYS");
    while (rest != NULL && *rest != '\0') {
        size_t length = strcspn(rest, ",");
        char *key = trimmed(rest, length);
        if (key != NULL && settings->keys == MOST_KEYS) {
            return "ITSM_BINDING_KEYS has more than 16 keys";
        }
        if (key != NULL) {
            settings->binding_keys[settings->keys++] = key;
        }
        rest += length + (rest[length] == ',');
    }
    return settings->keys > 0
               ? NULL
               : "ITSM_CALLBACK_URL is set, and ITSM_BINDING_KEYS is not: without a key no callback can be bound";
}

const char *read_settings(Settings *settings) {
    *settings = (Settings){
        .app_code = given("ITSM_APP_CODE"),
        .app_secret = given("ITSM_APP_SECRET"),
        .access_token = given("ITSM_ACCESS_TOKEN"),
        .tenant_id = given("ITSM_TENANT_ID"),
        .callback_url = given("ITSM_CALLBACK_URL"),
    };
    const char *why = wrong_name();
    if (why == NULL) {
        why = read_endpoint(settings);
    }
    if (why == NULL && settings->app_code == NULL) {
        why = "ITSM_APP_CODE is not set";
    }
    if (why == NULL && settings->app_secret == NULL) {
        why = "ITSM_APP_SECRET is not set";
    }
    if (why == NULL && settings->callback_url != NULL) {
        why = read_keys(settings);
    }
    return why;
}
