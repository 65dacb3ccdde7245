/*
 * MedMNIST sets (Yang et al. 2023, MedMNIST v2): facts of the official release 3.0.2 and
 * the reader of its files.
 */
#ifndef TL_COMPUTE_DATA_MEDMNIST_H
#define TL_COMPUTE_DATA_MEDMNIST_H

#include "compute/data/source.h"

/** What is known of an official set at 28 pixels. */
typedef struct tl_medmnist {
    const char *name; /**< "breastmnist" */
    const char *md5;  /**< of the whole official file */
    int classes;      /**< or labels, of a multi-label set */
    bool is_3d, is_multi_label;
} tl_medmnist;

/** All 18 sets. */
const tl_medmnist *tl_medmnist_sets(int *count);

/** The set of this name, or NULL. */
const tl_medmnist *tl_medmnist_find(const char *name);

/** The set whose official 28-pixel file has this MD5 (32 digits, lower case), or NULL. */
const tl_medmnist *tl_medmnist_official(const char *md5);

/**
 * Reads an .npz laid out as MedMNIST's: {train,val,test}_{images,labels}. `set` may be NULL
 * for a file of another name. \return TL_E_IO, TL_E_FORMAT (also for 3-D and multi-label
 * sets, which are not read)
 */
TL_MUST_USE tl_status tl_medmnist_read(const char *path, const tl_medmnist *set,
                                       tl_arena *arena, tl_source *out, tl_err *err);

#endif
