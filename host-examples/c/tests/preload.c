// Stands between the host and the system. By KILL_AT the host is killed before it writes that often: to a file, the disk or
// the network. By NOW the clock stands still at a second. By HURRY nobody sleeps.

#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void count(void) {
    static int writes = 0;
    const char *at = getenv("KILL_AT");
    if (at != NULL && ++writes == atoi(at)) {
        kill(getpid(), SIGKILL);
    }
}

ssize_t write(int file, const void *data, size_t size) {
    ssize_t (*original)(int, const void *, size_t) = dlsym(RTLD_NEXT, "write");
    count();
    return original(file, data, size);
}

int fsync(int file) {
    int (*original)(int) = dlsym(RTLD_NEXT, "fsync");
    count();
    return original(file);
}

ssize_t send(int socket, const void *data, size_t size, int flags) {
    ssize_t (*original)(int, const void *, size_t, int) = dlsym(RTLD_NEXT, "send");
    count();
    return original(socket, data, size, flags);
}

time_t time(time_t *out) {
    const char *now = getenv("NOW");
    struct timespec real;
    clock_gettime(CLOCK_REALTIME, &real);
    time_t seconds = now != NULL ? (time_t)strtoull(now, NULL, 10) : real.tv_sec;
    if (out != NULL) {
        *out = seconds;
    }
    return seconds;
}

unsigned sleep(unsigned seconds) {
    struct timespec left = {(time_t)seconds, 0};
    if (getenv("HURRY") == NULL) {
        nanosleep(&left, NULL);
    }
    return 0;
}
