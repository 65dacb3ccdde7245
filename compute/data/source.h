/*
 * A source of data: all rows of one name, before they get roles.
 *
 * Names: "medmnist/<set>" (DIR/medmnist/<set>.npz; "<set>_64", "_128", "_224" for larger
 * images), "mnist/t10k" and "mnist/train" (DIR/mnist/<set>-images-idx3-ubyte[.gz] and
 * -labels-idx1-ubyte[.gz]), "cifar10" (DIR/cifar-10-batches-bin), "cifar100"
 * (DIR/cifar-100-binary), "synthetic/lesions" and "synthetic/markov" (generated),
 * "text/<name>" (a file DIR/text/<name>.txt or a folder DIR/text/<name>, any bytes),
 * "tokens/<name>" (DIR/tokens/<name>.bin, GPT-2 tokens as llm.c writes them). Any other
 * name that ends in .npz is a path.
 */
#ifndef TL_COMPUTE_DATA_SOURCE_H
#define TL_COMPUTE_DATA_SOURCE_H

#include "compute/data/data_paths.h"
#include "compute/data/source_data.h"

/**
 * Opens the source called `name`, searching the folders of tl_data_paths; `dir` may be
 * NULL, and so may `want` for images from files. The outline of a generated source has its
 * shape and number of rows, but neither rows nor groups, and a content hash of its own.
 * \return TL_E_ARG for an unknown name (the nearest is suggested) or a want out of bounds,
 * TL_E_IO for a missing file (the folders searched are listed), TL_E_FORMAT for a malformed
 * one, TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_source_open(const char *name, const char *dir,
                                     const tl_source_want *want, tl_arena *arena,
                                     tl_source **out, tl_err *err);

struct tl_cifar; /* compute/data/cifar.h */

/** One file of CIFAR as a source without splits. \return as tl_cifar_read_file */
TL_MUST_USE tl_status tl_source_open_cifar(const char *path, const struct tl_cifar *kind,
                                           tl_arena *arena, tl_source **out, tl_err *err);

/**
 * Finds the file or folder of a named source (of MNIST: the images); "" for generated ones.
 * \param path result \return TL_E_IO if it is missing
 */
TL_MUST_USE tl_status tl_source_find(const char *name, const char *dir,
                                     char path[TL_DATA_PATH_SPACE], tl_err *err);

/** Whether the file at `path` is one that the named source is read from, or is in the
 * folder that it is read from. */
bool tl_source_reads(const char *name, const char *dir, const char *path);

/**
 * What results call a source or another file: its name, but of an absolute path to an .npz,
 * or any path to a .safetensors, the file's name alone, so that they tell nothing of
 * folders and are the same on other machines. What was in the file is told by
 * tl_source.content. \return `name` or a part of it
 */
const char *tl_source_label(const char *name);

/** A name that can be opened, with a short description. */
typedef struct tl_source_name {
    const char *name, *about;
} tl_source_name;

/** All names that can be opened, static. \param count result */
const tl_source_name *tl_source_names(int *count);

#endif
