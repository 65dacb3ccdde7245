/*
 * Fetches an official file of MedMNIST into the data folder, from the network or from a
 * file that was downloaded by hand.
 */
#ifndef TL_RUNNER_DATASETS_DATA_FETCH_H
#define TL_RUNNER_DATASETS_DATA_FETCH_H

#include "compute/data/data_paths.h"
#include "compute/data/medmnist.h"

/** What is to be fetched. */
typedef struct tl_fetch {
    const tl_medmnist *set; /**< borrowed */
    int size;               /**< 0..TL_MEDMNIST_SIZES-1, one that the set has */
    const char *dir;        /**< the data folder, or NULL: the first of tl_data_paths */
    const char *from;       /**< a file to copy, or NULL: download it */
    uint64_t most;          /**< bytes that it may have; 0: what its images can take */
} tl_fetch;

/** Where it is, and what was there before. */
typedef struct tl_fetched {
    char path[TL_DATA_PATH_SPACE];
    bool was_there;   /**< the right file was there: nothing was done */
    bool is_replaced; /**< a file with another checksum was there, and was replaced */
} tl_fetched;

/**
 * Makes FOLDER/medmnist/<file>.npz and the folders above it. The file is written as
 * <file>.npz.part, checked against the MD5 of the built-in table, fsynced and renamed:
 * under its own name it is always right, or what was there before. Downloads from
 * TL_MEDMNIST_URL, or from the base address in the environment variable THREATLOOP_MIRROR.
 *
 * \return TL_E_IO (network, disk), TL_E_FORMAT (wrong checksum; names both), TL_E_STOP
 * (INT, TERM or HUP arrived; delivered on return), TL_E_ARG (THREATLOOP_MIRROR is too
 *         long). On failure nothing is left behind
 */
TL_MUST_USE tl_status tl_data_fetch(const tl_fetch *want, tl_fetched *out, tl_err *err);

#endif
