// Settings from the environment: the same names and sentences as in every host and program of this project.

#ifndef SETTINGS_H
#define SETTINGS_H

#include <stddef.h>

enum { MOST_KEYS = 16 };

// What is not set is null.
typedef struct {
    // gateway, esb or esb-legacy: as the component calls it.
    const char *kind;
    char *endpoint;
    char *app_code;
    char *app_secret;
    char *access_token;
    char *tenant_id;
    char *callback_url;
    // All that may still be in use.
    char *binding_keys[MOST_KEYS];
    size_t keys;
} Settings;

// Reads them. Says what is missing or wrong, and never shows a value; or null.
const char *read_settings(Settings *settings);

#endif
