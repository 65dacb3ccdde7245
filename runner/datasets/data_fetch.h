/*
 * Brings an official file of MedMNIST into the data folder, from the network or from a file
 * that was brought by hand.
 */
#ifndef TL_RUNNER_DATASETS_DATA_FETCH_H
#define TL_RUNNER_DATASETS_DATA_FETCH_H

#include "compute/data/data_paths.h"
#include "compute/data/medmnist.h"

typedef struct tl_fetch {
    const tl_medmnist *set;
    int size;         /**< 0..TL_MEDMNIST_SIZES-1; the set has it */
    const char *dir;  /**< the data folder, or NULL: the first of tl_data_paths */
    const char *from; /**< a file to copy, or NULL: download it */
} tl_fetch;

/** What came of it. */
typedef struct tl_fetched {
    char path[TL_DATA_PATH_SPACE];
    bool was_there;   /**< it was there already, and right: nothing was done */
    bool is_replaced; /**< a file with another sum was there, which is gone */
} tl_fetched;

/**
 * Makes FOLDER/medmnist/<file>.npz, folders as needed. It is written as <file>.npz.part,
 * held against the MD5 of the built-in table, fsynced and renamed: under its name there is
 * never anything but a right file (or what was there before). Downloads come from
 * TL_MEDMNIST_URL, or from the base address that the environment variable THREATLOOP_MIRROR
 * names.
 *
 * \return TL_E_IO (network, disk), TL_E_FORMAT (wrong sum: both are named), TL_E_STOP (INT,
 * TERM or HUP came; it is delivered on return). After a failure nothing is left over
 */
TL_MUST_USE tl_status tl_data_fetch(const tl_fetch *want, tl_fetched *out, tl_err *err);

#endif
