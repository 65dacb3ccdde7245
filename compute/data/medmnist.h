/*
 * MedMNIST sets (Yang, Shi, Wei, Liu, Zhao, Ke, Pfister, Ni 2023, MedMNIST v2): facts of
 * the official release 3.0.2 and the reader of its files.
 */
#ifndef TL_COMPUTE_DATA_MEDMNIST_H
#define TL_COMPUTE_DATA_MEDMNIST_H

#include "compute/data/source_data.h"

/** What a label is. */
typedef enum tl_medmnist_task {
    TL_MEDMNIST_BINARY,
    TL_MEDMNIST_CLASSES,
    TL_MEDMNIST_ORDINAL, /**< grades, treated as classes */
    TL_MEDMNIST_LABELS   /**< several yes-or-no labels an image: unsupported */
} tl_medmnist_task;

/** Sizes that images come in; bytes of a file's name. */
enum { TL_MEDMNIST_SIZES = 4, TL_MEDMNIST_FILE = 40 };

/** Facts of an official set. */
typedef struct tl_medmnist {
    const char *name;    /**< "breastmnist" */
    const char *about;   /**< what is on the images, in a few words */
    const char *licence; /**< "CC BY 4.0" */
    tl_medmnist_task task;
    bool is_3d;          /**< volumes: each becomes one example, its slices the channels */
    int channels;        /**< as published: 3 for colour, else 1 */
    int classes;         /**< or labels, of a multi-label set */
    int rows[TL_SPLITS]; /**< train, validation, test */
    /** MD5 of the official file by size (tl_medmnist_pixels); NULL: no such file, volumes
     * come in 28 and 64 */
    const char *md5[TL_MEDMNIST_SIZES];
} tl_medmnist;

/** All 18 official sets, static. \param count result */
const tl_medmnist *tl_medmnist_sets(int *count);

/** Pixels a side of size 0..TL_MEDMNIST_SIZES-1: 28, 64, 128, 224. */
int tl_medmnist_pixels(int size);

/** The size with `pixels` pixels a side, or -1. */
int tl_medmnist_size(int pixels);

/**
 * The set and size of a name: "breastmnist" is 28 pixels, "breastmnist_64" 64.
 * \return NULL for any other name
 */
const tl_medmnist *tl_medmnist_named(const char *name, int *size);

/** The set and size whose official file has this MD5 (32 digits, lower case), or NULL.
 * \param size  may be NULL */
const tl_medmnist *tl_medmnist_official(const char *md5, int *size);

/** Bytes that the official file has at most: what its arrays take where nothing could be
 * compressed. */
uint64_t tl_medmnist_most_bytes(const tl_medmnist *set, int size);

/** The official name of a file, "breastmnist_64.npz". Returns `out`. */
char *tl_medmnist_file(const tl_medmnist *set, int size, char out[TL_MEDMNIST_FILE]);

/** The word of the release for a task: "multi-label, binary-class". */
const char *tl_medmnist_task_name(tl_medmnist_task task);

/** Where the official files are; a file's address is this, "/", its name and
 * TL_MEDMNIST_QUERY. */
#define TL_MEDMNIST_URL "https://zenodo.org/records/10519652/files"
#define TL_MEDMNIST_QUERY "?download=1"

/**
 * Reads an .npz laid out as MedMNIST's: {train,val,test}_{images,labels}, u1. Images are
 * grey (N, H, W), colour (N, H, W, 3), or volumes (N, D, H, W), each of which becomes one
 * example with D slices as channels (so a convolution sees all slices at once). `set` may
 * be NULL for a file of another name.
 * \return TL_E_IO, TL_E_FORMAT (also for a multi-label set, which is unsupported),
 * TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_medmnist_read(const char *path, const tl_medmnist *set,
                                       tl_arena *arena, tl_source *out, tl_err *err);

#endif
