/*
 * A block's key is in the name of its anonymous file, which /proc/PID/fd shows as
 * "/memfd:threatloop-KEY (deleted)". Only sealed files are used, so a block that is being
 * filled is not found.
 */
#include "cluster/node/node_blocks.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SEALS = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, LINK = 128 };

typedef struct block {
    struct block *next;
    void *at;
    size_t n;
    int file; /* of a published one; -1: closed */
} block;

struct tl_node_blocks {
    tl_shared_blocks shared_blocks;
    pid_t pid; /* of the rank that publishes */
    block *block;
};

static void name_of(const tl_key *key, char name[LINK])
{
    char text[TL_KEY_TEXT];
    (void)snprintf(name, LINK, "threatloop-%s", tl_key_text(key, text));
}

/* A block is in the list before it is mapped, so that it is always unmapped. */
static block *add_block(tl_node_blocks *blocks)
{
    block *one = calloc(1, sizeof *one);
    if (!one) return NULL;
    *one = (block){.next = blocks->block, .file = -1};
    blocks->block = one;
    return one;
}

static void *map(block *one, int file, size_t n, int protection, int how)
{
    void *at = mmap(NULL, n, protection, how, file, 0);
    if (at == MAP_FAILED) return NULL;
    one->at = at;
    one->n = n;
    return at;
}

/* --- publishing ----------------------------------------------------------------------- */

static void *begin(void *self, const tl_key *key, size_t n)
{
    tl_node_blocks *blocks = self;
    char name[LINK];
    name_of(key, name);
    block *one = add_block(blocks);
    if (!one || n == 0) return NULL;
    one->file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (one->file < 0) return NULL;
    if (ftruncate(one->file, (off_t)n) != 0) return NULL;
    return map(one, one->file, n, PROT_READ | PROT_WRITE, MAP_SHARED);
}

static void *end(void *self, void *room)
{
    block *one = ((tl_node_blocks *)self)->block;
    TL_INVARIANT(one && one->at == room);
    (void)munmap(room, one->n); /* it cannot be sealed while mapped writable */
    one->at = NULL;
    if (fcntl(one->file, F_ADD_SEALS, SEALS) != 0) return NULL;
    return map(one, one->file, one->n, PROT_READ, MAP_PRIVATE);
}

/* --- finding -------------------------------------------------------------------------- */

/* The descriptor under `folder` whose file is called `name`, opened; or -1. */
static int open_named(const char *folder, const char *name)
{
    char wanted[LINK + 32], path[LINK + 300], link[LINK + 32];
    int file = -1;
    (void)snprintf(wanted, sizeof wanted, "/memfd:%s (deleted)", name);
    DIR *list = opendir(folder);
    const struct dirent *entry;
    while (list && file < 0 && (entry = readdir(list)) != NULL) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        const ssize_t n = readlink(path, link, sizeof link - 1);
        if (n < 0) continue;
        link[n] = '\0';
        if (strcmp(link, wanted) == 0) file = open(path, O_RDONLY | O_CLOEXEC);
    }
    if (list) (void)closedir(list);
    return file;
}

static void *find(void *self, const tl_key *key, size_t *n)
{
    tl_node_blocks *blocks = self;
    char name[LINK], folder[64];
    name_of(key, name);
    (void)snprintf(folder, sizeof folder, "/proc/%lld/fd", (long long)blocks->pid);
    const int file = open_named(folder, name);
    if (file < 0) return NULL;
    struct stat info;
    void *at = NULL;
    const int seals = fcntl(file, F_GET_SEALS);
    if (seals != -1 && (seals & SEALS) == SEALS && fstat(file, &info) == 0 &&
        info.st_size > 0) {
        block *one = add_block(blocks);
        *n = (size_t)info.st_size;
        if (one) at = map(one, file, *n, PROT_READ, MAP_PRIVATE);
    }
    (void)close(file);
    return at;
}

/* --- opening and closing ---------------------------------------------------------------
 */

tl_node_blocks *tl_node_blocks_open(const tl_cluster *cluster)
{
    int ranks = 0, first = 0;
    for (int rank = tl_cluster_size(cluster) - 1; rank >= 0; rank--) {
        if (!tl_cluster_is_local(cluster, rank)) continue;
        ranks++;
        first = rank;
    }
    tl_node_blocks *blocks = ranks > 1 ? calloc(1, sizeof *blocks) : NULL;
    if (!blocks) return NULL;
    blocks->pid = tl_cluster_pid(cluster, first);
    blocks->shared_blocks =
        (tl_shared_blocks){.self = blocks,
                           .publishes = first == tl_cluster_rank(cluster),
                           .find = find,
                           .begin = begin,
                           .end = end};
    return blocks;
}

const tl_shared_blocks *tl_node_blocks_shared(tl_node_blocks *blocks)
{
    return blocks ? &blocks->shared_blocks : NULL;
}

void tl_node_blocks_freeze(tl_node_blocks *blocks)
{
    for (block *one = blocks ? blocks->block : NULL; one; one = one->next) {
        if (one->file >= 0) (void)close(one->file);
        one->file = -1;
    }
}

void tl_node_blocks_close(tl_node_blocks *blocks)
{
    tl_node_blocks_freeze(blocks);
    while (blocks && blocks->block) {
        block *one = blocks->block;
        blocks->block = one->next;
        if (one->at) (void)munmap(one->at, one->n);
        free(one);
    }
    free(blocks);
}
