// What the program has done about one request for an approval, in a file that outlives the program. A line is on the disk
// before the program goes on. The file holds the ticket's tag, a secret, and only its owner can read the file.

#ifndef RECORD_H
#define RECORD_H

#include <wasm.h>

// Without a file nothing is kept, and the file is -1.
typedef struct {
    int file;
    char *request;
    // The ticket's tag, once the ticket may have been asked for, and its number, once the number is known. Else null.
    char *tag;
    char *sn;
} Record;

// Opens the record of a request, or begins one. No second program can have the record open.
Record open_record(const char *path, const char *creator, const char *approver, const char *title);

void close_record(Record *record);

// The ticket is about to be asked for, with this tag.
void record_asked(const Record *record, const wasm_name_t *tag);

// The ticket was made.
void record_made(const Record *record, const wasm_name_t *sn);

// The ticket was not made, and can be asked for again.
void record_not_made(const Record *record);

#endif
