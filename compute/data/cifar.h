/*
 * The binary versions of CIFAR-10 and CIFAR-100 (Krizhevsky 2009, Learning multiple layers
 * of features from tiny images): records of labels and 32x32 planes of red, green and blue,
 * without a header.
 */
#ifndef TL_COMPUTE_DATA_CIFAR_H
#define TL_COMPUTE_DATA_CIFAR_H

#include "compute/data/source_data.h"

/** Side of an image in pixels, and numbers in it. */
enum { TL_CIFAR_SIDE = 32, TL_CIFAR_PIXELS = 3 * TL_CIFAR_SIDE * TL_CIFAR_SIDE };

/** One of the two; a file does not say which. */
typedef struct tl_cifar {
    const char *name;         /**< "cifar10" */
    const char *folder;       /**< as the archive unpacks: "cifar-10-batches-bin" */
    const char *const *train; /**< files of the training split, NULL-terminated */
    const char *test;
    int classes;
    int labels; /**< bytes before the pixels; the last is the class */
    int rows[TL_SPLITS];
} tl_cifar;

/** "cifar10" or "cifar100"; NULL for any other name. */
const tl_cifar *tl_cifar_find(const char *name);

/** Bytes of a record: 3073 or 3074. */
int tl_cifar_record(const tl_cifar *kind);

/**
 * Whether a file of `bytes` bytes that begins with the record at `first` can be of this
 * kind: whole records, a valid class, and for CIFAR-100 a valid coarse class (of 20).
 */
bool tl_cifar_fits(const tl_cifar *kind, uint64_t bytes, const unsigned char *first);

/** Reads one file as a source without splits. \return as tl_cifar_read */
TL_MUST_USE tl_status tl_cifar_read_file(const char *path, const tl_cifar *kind,
                                         tl_arena *arena, tl_source *out, tl_err *err);

/**
 * Reads the files of an unpacked folder; train and test are the official splits.
 * \return TL_E_IO, TL_E_FORMAT (not a whole number of records, an invalid class),
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_cifar_read(const char *folder, const tl_cifar *kind,
                                    tl_arena *arena, tl_source *out, tl_err *err);

#endif
