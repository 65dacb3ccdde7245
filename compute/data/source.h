/*
 * A source of data: everything that can be had under one name, before it is split into
 * roles.
 *
 * Names: "medmnist/<set>" (DIR/medmnist/<set>.npz; "<set>_64", "_128", "_224" for larger
 * images), "mnist/t10k" and "mnist/train" (DIR/mnist/<set>-images-idx3-ubyte[.gz] and
 * -labels-idx1-ubyte[.gz]), "cifar10" (DIR/cifar-10-batches-bin), "cifar100"
 * (DIR/cifar-100-binary), "synthetic/lesions" and "synthetic/markov" (made here),
 * "text/<name>" (a file DIR/text/<name>.txt or a folder DIR/text/<name>, any bytes),
 * "tokens/<name>" (DIR/tokens/<name>.bin, GPT-2 tokens as llm.c writes them). A name that
 * is none of these but ends in .npz is a path, taken as it is.
 */
#ifndef TL_COMPUTE_DATA_SOURCE_H
#define TL_COMPUTE_DATA_SOURCE_H

#include "compute/core/hash.h"
#include "compute/data/dataset.h"
#include "compute/data/data_paths.h"

#include <stdbool.h>

enum { TL_SPLIT_TRAIN, TL_SPLIT_VALIDATION, TL_SPLIT_TEST, TL_SPLITS };

enum { TL_CONTEXT_LEAST = 2, TL_CONTEXT_MOST = 65536 };

/** What is wanted of a source besides its name; each kind asks for some of it. */
typedef struct tl_source_want {
    int examples;      /**< generated: rows to make */
    int classes;       /**< generated: lesions 2 .. 10, markov 2 .. 65536 */
    double difficulty; /**< generated: 0 easy .. 1 hard */
    int context;       /**< tokens: of a row, TL_CONTEXT_LEAST .. TL_CONTEXT_MOST */
} tl_source_want;

/**
 * How many images have a near-duplicate, exact ones counted with them; of tokens, how many
 * rows have an exact one.
 */
typedef struct tl_twin_counts {
    int all;              /**< of the source, in any of its splits */
    int validation, test; /**< of an official split, in the official training split */
} tl_twin_counts;

typedef struct tl_source {
    const char *name;
    tl_dataset all;      /**< official splits one after the other; no flags set */
    int rows[TL_SPLITS]; /**< rows of each official split; all in TRAIN where none exist */
    bool has_splits;     /**< the source comes with official splits */
    int32_t *group;      /**< [all.rows] equal number = exact duplicates (same pixels; of
                            tokens, the token that follows is the same too) */
    int32_t *twin; /**< [all.rows] equal number = near-duplicates, see tl_twins_find */
    tl_twin_counts twins;
    tl_key content;   /**< of pixels, labels and splits as decoded */
    const char *note; /**< "official file", "not the official file: md5 ...", "generated";
                         and how many near-duplicates there are, if any */
} tl_source;

/**
 * Opens the source called `name`. Looks in `dir`, else in THREATLOOP_DATA, else in the
 * user's cache folder ($XDG_CACHE_HOME or ~/.cache)/threatloop; `dir` may be NULL, and so
 * may `want` for images out of files. \return TL_E_ARG for an unknown name (the nearest is
 * named) or a want out of bounds, TL_E_IO for a file that is missing (every place looked at
 * is named), TL_E_FORMAT for a malformed one, TL_E_SPACE
 */
TL_MUST_USE tl_status tl_source_open(const char *name, const char *dir,
                                     const tl_source_want *want, tl_arena *arena,
                                     tl_source **out, tl_err *err);

/** One file of CIFAR as a source without splits. \return as tl_cifar_read_file */
typedef struct tl_cifar tl_cifar;
TL_MUST_USE tl_status tl_source_open_cifar(const char *path, const tl_cifar *kind,
                                           tl_arena *arena, tl_source **out, tl_err *err);

/**
 * Where the file or folder of a named source lies (of MNIST: the images), "" for what is
 * made here. \return TL_E_IO if it is nowhere
 */
TL_MUST_USE tl_status tl_source_find(const char *name, const char *dir,
                                     char path[TL_PLACE_PATH], tl_err *err);

/** The names that can be opened, with a word about each, NULL-terminated pairs. */
typedef struct tl_source_name {
    const char *name, *about;
} tl_source_name;
const tl_source_name *tl_source_names(int *count);

#endif
