/*
 * The documents are listed and measured first, so that everything is allocated at once,
 * within TL_TOKENS_LIMIT; then each is read window by window. A file that shrinks meanwhile
 * is an error, one that grows is read as far as measured.
 */
#include "compute/data/corpus.h"

#include "compute/core/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { HEADER_WORDS = 256, HEADER = 4 * HEADER_WORDS, MAGIC = 20240520 };

typedef struct document {
    const char *path;
    uint64_t tokens, windows;
} document;

typedef struct corpus {
    document *document;
    int documents, context;
    int width;  /* bytes of a token */
    int header; /* bytes before the first */
    int vocabulary;
} corpus;

static bool is_tokens(const char *name)
{
    return strncmp(name, "tokens/", 7) == 0;
}

bool tl_corpus_is(const char *name)
{
    return strncmp(name, "text/", 5) == 0 || is_tokens(name);
}

tl_status tl_corpus_find(const char *name, const char *dir, char path[TL_DATA_PATH_SPACE],
                         tl_err *err)
{
    static const char *const text[] = {".txt", "", NULL}, *const tokens[] = {".bin", NULL};
    const char *file = strchr(name, '/') + 1;
    TL_CHECK(
        *file && *file != '.' && !strchr(file, '/'), err, TL_E_ARG,
        "'%s' is not a file or folder name: after the slash comes a plain name, like %s",
        name, is_tokens(name) ? "tokens/shakespeare" : "text/moby_dick");
    return tl_data_path_find(dir, name, is_tokens(name) ? tokens : text, path, err);
}

static int is_member(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && strncmp(entry->d_name, "README", 6) != 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

int tl_corpus_scan(const char *path, struct dirent ***entry)
{
    return scandir(path, entry, is_member, by_bytes);
}

/* Sets the tokens and windows of the document, whose file is `info`. */
static tl_status measure(const corpus *c, const struct stat *info, document *one,
                         tl_err *err)
{
    const uint64_t bytes = (uint64_t)info->st_size;
    TL_CHECK(bytes >= (uint64_t)c->header &&
                 (bytes - (uint64_t)c->header) % (uint64_t)c->width == 0,
             err, TL_E_FORMAT,
             "%s: has %llu bytes; a token file has a header of %d and %d for each token",
             one->path, (unsigned long long)bytes, c->header, c->width);
    one->tokens = (bytes - (uint64_t)c->header) / (uint64_t)c->width;
    one->windows = one->tokens / ((uint64_t)c->context + 1);
    return TL_OK;
}

static tl_status add_members(const char *folder, struct dirent *const *entry, int count,
                             corpus *c, tl_arena *room, tl_err *err)
{
    TL_CHECK(count <= TL_CORPUS_DOCUMENTS, err, TL_E_FORMAT,
             "%s: holds %d files, at most %d are allowed", folder, count,
             TL_CORPUS_DOCUMENTS);
    TL_ALLOC(c->document, room, count, err);
    for (int i = 0; i < count; i++) {
        document *one = &c->document[c->documents];
        struct stat info;
        one->path = tl_arena_print(room, err, "%s/%s", folder, entry[i]->d_name);
        if (!one->path) return TL_E_NOMEM;
        TL_CHECK(lstat(one->path, &info) == 0, err, TL_E_IO, "%s: cannot be opened: %s",
                 one->path, strerror(errno));
        if (!S_ISREG(info.st_mode)) continue;
        TL_TRY(measure(c, &info, one, err));
        c->documents++;
    }
    return TL_OK;
}

static tl_status list_documents(const char *path, corpus *c, tl_arena *room, tl_err *err)
{
    struct stat info;
    TL_CHECK(stat(path, &info) == 0, err, TL_E_IO, "%s: cannot be opened: %s", path,
             strerror(errno));
    if (S_ISDIR(info.st_mode) && c->width == 1) {
        struct dirent **entry;
        const int count = tl_corpus_scan(path, &entry);
        TL_CHECK(count >= 0, err, TL_E_IO, "%s: cannot be listed: %s", path,
                 strerror(errno));
        const tl_status status = add_members(path, entry, count, c, room, err);
        for (int i = 0; i < count; i++) free(entry[i]);
        free(entry);
        return status;
    }
    TL_CHECK(S_ISREG(info.st_mode), err, TL_E_IO, "%s: is not a file", path);
    TL_ALLOC(c->document, room, 1, err);
    c->document[0].path = path;
    c->documents = 1;
    return measure(c, &info, &c->document[0], err);
}

static uint32_t word_of(const unsigned char *header, int i)
{
    const unsigned char *b = header + 4 * (size_t)i;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 |
           (uint32_t)b[3] << 24;
}

static tl_status skip_header(const document *one, FILE *file, tl_err *err)
{
    unsigned char header[HEADER];
    TL_CHECK(fread(header, 1, HEADER, file) == HEADER, err, TL_E_IO, "%s: ends early",
             one->path);
    TL_CHECK(word_of(header, 0) == MAGIC && word_of(header, 1) == 1, err, TL_E_FORMAT,
             "%s: begins with the numbers %lu and %lu; a token file of llm.c for GPT-2 "
             "begins with %d and 1",
             one->path, (unsigned long)word_of(header, 0),
             (unsigned long)word_of(header, 1), MAGIC);
    TL_CHECK(word_of(header, 2) == one->tokens, err, TL_E_FORMAT,
             "%s: its header claims %lu tokens, but %llu follow it", one->path,
             (unsigned long)word_of(header, 2), (unsigned long long)one->tokens);
    return TL_OK;
}

/* Token `i` of a window. */
static int token_of(const corpus *c, const unsigned char *window, int i)
{
    const unsigned char *b = window + (size_t)i * (size_t)c->width;
    return c->width == 1 ? b[0] : b[0] | b[1] << 8;
}

/* Reads the windows of a document into the rows from `at`; `window` is room for one. */
static tl_status read_windows(const corpus *c, const document *one, FILE *file,
                              unsigned char *window, int at, tl_dataset *all, tl_err *err)
{
    const size_t bytes = ((size_t)c->context + 1) * (size_t)c->width;
    if (c->header > 0) TL_TRY(skip_header(one, file, err));
    for (uint64_t w = 0; w < one->windows; w++, at++) {
        TL_CHECK(fread(window, 1, bytes, file) == bytes, err, TL_E_IO, "%s: ends early",
                 one->path);
        float *row = all->input + (size_t)at * (size_t)c->context;
        for (int i = 0; i <= c->context; i++) {
            const int token = token_of(c, window, i);
            TL_CHECK(token < c->vocabulary, err, TL_E_FORMAT,
                     "%s: token %llu is %d, but must be less than %d", one->path,
                     (unsigned long long)(w * ((uint64_t)c->context + 1) + (uint64_t)i),
                     token, c->vocabulary);
            if (i < c->context) row[i] = (float)token;
            if (i == c->context) all->label[at] = token;
        }
    }
    return TL_OK;
}

static tl_status read_documents(const corpus *c, tl_arena *room, tl_dataset *all,
                                tl_err *err)
{
    unsigned char *window;
    TL_ALLOC(window, room, ((size_t)c->context + 1) * (size_t)c->width, err);
    for (int d = 0, at = 0; d < c->documents; at += (int)c->document[d++].windows) {
        const document *one = &c->document[d];
        FILE *file;
        TL_TRY(tl_file_stream(NULL, one->path, &file, NULL, err));
        const tl_status status = read_windows(c, one, file, window, at, all, err);
        (void)fclose(file);
        TL_TRY(status);
    }
    return TL_OK;
}

static tl_status read_corpus(const char *path, corpus *c, tl_arena *room, tl_arena *arena,
                             tl_source *out, tl_err *err)
{
    uint64_t windows = 0, tokens = 0, longest = 0;
    TL_TRY(list_documents(path, c, room, err));
    for (int d = 0; d < c->documents; d++) {
        const document *one = &c->document[d];
        windows += one->windows;
        tokens += one->tokens;
        longest = longest > one->tokens ? longest : one->tokens;
    }
    TL_CHECK(
        windows > 0, err, TL_E_FORMAT,
        "%s: its longest document has %llu tokens, but a row needs %d and the one that "
        "follows (data.context)",
        path, (unsigned long long)longest, c->context);
    TL_TRY(tl_dataset_tokens(c->vocabulary, c->context, windows, arena, &out->all, err));
    TL_TRY(read_documents(c, room, &out->all, err));
    out->rows[TL_SPLIT_TRAIN] = out->all.rows;
    out->note = tl_arena_print(arena, err, "%s, %llu tokens in %d document%s",
                               c->width == 1 ? "bytes of text" : "GPT-2 tokens",
                               (unsigned long long)tokens, c->documents,
                               c->documents == 1 ? "" : "s");
    return out->note ? TL_OK : TL_E_NOMEM;
}

tl_status tl_corpus_read(const char *name, const char *path, int context, tl_arena *arena,
                         tl_source *out, tl_err *err)
{
    corpus c = {.context = context, .width = 1, .vocabulary = TL_CORPUS_BYTES};
    if (is_tokens(name)) {
        c.width = 2;
        c.header = HEADER;
        c.vocabulary = TL_CORPUS_GPT2;
    }
    tl_arena room = tl_arena_open(0);
    const tl_status status = read_corpus(path, &c, &room, arena, out, err);
    tl_arena_close(&room);
    return status;
}
