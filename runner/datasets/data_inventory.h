/*
 * What is known of data sets and what of them lies in the data folders, as JSON: for
 * threatloop data list and data verify.
 */
#ifndef TL_RUNNER_DATASETS_DATA_INVENTORY_H
#define TL_RUNNER_DATASETS_DATA_INVENTORY_H

#include "compute/core/status.h"

#include <jansson.h>

/**
 * All known sets: {name, about, classes, rows {train, validation, test}, pixels (those
 * published), present (those that are there; [0] for a set of one size), licence, unread
 * (why it cannot be opened, or absent), class_range (classes where a plan may choose)}; of
 * text/NAME and tokens/NAME, here: the names of the files that are there.
 * \param dir  as for tl_source_open \return a new reference
 */
json_t *tl_data_inventory(const char *dir);

/**
 * Holds MedMNIST files that lie in the data folders against their official sums, adding one
 * {name, path, state, md5, official} each to `list`. state: "right", "wrong", "absent" (no
 * path, md5) or "unknown" (a file whose sum is none of the official ones).
 *
 * \param name  a set ("breastmnist", "medmnist/breastmnist_64"), a file, or NULL for all
 * that is there
 * \return TL_E_ARG for a name that is none of these, TL_E_IO
 */
TL_MUST_USE tl_status tl_data_verify(const char *name, const char *dir, json_t *list,
                                     tl_err *err);

/** The set that a user means by a name, with or without "medmnist/"; as tl_medmnist_named.
 */
struct tl_medmnist;
const struct tl_medmnist *tl_data_named(const char *name, int *size);

#endif
