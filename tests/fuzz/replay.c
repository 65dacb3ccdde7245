/*
 * A fuzz target without a fuzzer: runs it once on every file named, and on every file of
 * every folder named, in the order of their names.
 */
#include "tests/fuzz/fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PATH = 4096 };

static int failed;

static long replay_file(const char *path, long size)
{
    /* Exactly as long as the input, so that a sanitizer sees a step beyond it. */
    uint8_t *bytes = malloc(size > 0 ? (size_t)size : 1);
    FILE *file = fopen(path, "rb");
    const bool is_whole =
        bytes && file && fread(bytes, 1, (size_t)size, file) == (size_t)size;
    if (file) (void)fclose(file);
    if (is_whole) {
        (void)fprintf(stderr, "%s\n",
                      path); /* the last one named is the one that crashed */
        (void)LLVMFuzzerTestOneInput(bytes, (size_t)size);
    } else {
        perror(path);
        failed = 1;
    }
    free(bytes);
    return is_whole;
}

static long replay(const char *path);

static long replay_folder(const char *path)
{
    struct dirent **entry;
    const int count = scandir(path, &entry, NULL, alphasort);
    long done = 0;
    for (int i = 0; i < count; i++) {
        char member[PATH];
        (void)snprintf(member, sizeof member, "%s/%s", path, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.') done += replay(member);
        free(entry[i]);
    }
    if (count >= 0) free(entry);
    return done;
}

static long replay(const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && S_ISDIR(info.st_mode)) return replay_folder(path);
    if (stat(path, &info) == 0) return replay_file(path, (long)info.st_size);
    perror(path);
    failed = 1;
    return 0;
}

int main(int argc, char **argv)
{
    long done = 0;
    for (int i = 1; i < argc; i++) done += replay(argv[i]);
    (void)fprintf(stderr, "%ld inputs\n", done);
    return done > 0 ? failed : 2;
}
