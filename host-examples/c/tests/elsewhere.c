// The host, whose component asks another server than the one that the host was set to.

#define main host_main
#include "../host.c"
#undef main

int main(int count, char **arguments) {
    const char *why = read_settings(&settings);
    if (why != NULL || count != 2) {
        stop(why != NULL ? why : "usage: elsewhere GATEWAY");
    }
    Component itsm = load_itsm();
    settings.endpoint = arguments[1];
    Value answer = CALL(&itsm, TICKETS, "status", connection_from_settings(), text("REQ1"));
    return answer_or_null(&itsm, &answer) != NULL ? 0 : 1;
}
