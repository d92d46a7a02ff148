#include "record.h"

#include "values.h"
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const char ASKED[] = "asked ";
static const char MADE[] = "made ";

static void *memory(void *allocated) {
    return allocated != NULL ? allocated : (stop("out of memory"), NULL);
}

static void flush_to_disk(int file) {
    if (fsync(file) != 0) {
        stop("the record can't be written");
    }
}

// So that a new file is found after a crash of the machine too.
static void flush_folder(const char *path) {
    char *copy = memory(strdup(path));
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        stop("the record's folder can't be opened");
    }
    flush_to_disk(folder);
    close(folder);
    free(copy);
}

static char *read_whole(int file) {
    struct stat about;
    if (fstat(file, &about) != 0) {
        stop("the record can't be read");
    }
    char *content = memory(malloc((size_t)about.st_size + 1));
    if (pread(file, content, (size_t)about.st_size, 0) != about.st_size) {
        stop("the record can't be read");
    }
    content[about.st_size] = '\0';
    return content;
}

// What stands in a line after the tag.
static char *request(const char *creator, const char *approver, const char *title) {
    char *request;
    if (strpbrk(creator, " \n") != NULL || strpbrk(approver, " \n") != NULL || strchr(title, '\n') != NULL) {
        stop("with a record, names have no blank, and the title is one line");
    }
    if (asprintf(&request, " %s %s %s", creator, approver, title) < 0) {
        stop("out of memory");
    }
    return request;
}

static void read_line(Record *record, const char *line) {
    size_t tag_size = strlen(line) < sizeof ASKED ? 0 : strcspn(line + sizeof ASKED - 1, " ");
    if (strncmp(line, MADE, sizeof MADE - 1) == 0) {
        free(record->sn);
        record->sn = memory(strdup(line + sizeof MADE - 1));
    } else if (strncmp(line, ASKED, sizeof ASKED - 1) != 0 || tag_size == 0) {
        stop("the file is no record of this program");
    } else if (strcmp(line + sizeof ASKED - 1 + tag_size, record->request) != 0) {
        stop("the record is of another request");
    } else {
        free(record->tag);
        record->tag = memory(strndup(line + sizeof ASKED - 1, tag_size));
    }
}

Record open_record(const char *path, const char *creator, const char *approver, const char *title) {
    Record record = {.file = -1};
    if (path == NULL) {
        return record;
    }
    record.file = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR);
    if (record.file < 0) {
        stop("the record can't be opened");
    }
    if (flock(record.file, LOCK_EX | LOCK_NB) != 0) {
        stop("another program has the record open");
    }
    flush_folder(path);
    record.request = request(creator, approver, title);
    char *content = read_whole(record.file);
    char *rest = content;
    for (char *end; (end = strchr(rest, '\n')) != NULL; rest = end + 1) {
        *end = '\0';
        read_line(&record, rest);
    }
    // A program that was killed while it wrote leaves a part of a line. What was to follow the line was not done.
    if (ftruncate(record.file, rest - content) != 0) {
        stop("the record can't be written");
    }
    free(content);
    return record;
}

void close_record(Record *record) {
    if (record->file >= 0) {
        close(record->file);
    }
    free(record->request);
    free(record->tag);
    free(record->sn);
}

static void add_line(const Record *record, const char *word, const wasm_name_t *value, const char *rest) {
    char *line;
    if (record->file < 0) {
        return;
    }
    int size = asprintf(&line, "%s%.*s%s\n", word, (int)value->size, value->data, rest);
    if (size < 0 || write(record->file, line, (size_t)size) != size) {
        stop("the record can't be written");
    }
    flush_to_disk(record->file);
    free(line);
}

void record_asked(const Record *record, const wasm_name_t *tag) {
    add_line(record, ASKED, tag, record->request);
}

void record_made(const Record *record, const wasm_name_t *sn) {
    add_line(record, MADE, sn, "");
}

void record_not_made(const Record *record) {
    if (record->file < 0) {
        return;
    }
    if (ftruncate(record->file, 0) != 0) {
        stop("the record can't be written");
    }
    flush_to_disk(record->file);
}
