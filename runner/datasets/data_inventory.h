/*
 * The known data sets and which of them are in the data folders, as JSON, for threatloop
 * data list and data verify.
 */
#ifndef TL_RUNNER_DATASETS_DATA_INVENTORY_H
#define TL_RUNNER_DATASETS_DATA_INVENTORY_H

#include "compute/core/status.h"
#include "compute/data/medmnist.h"

#include <jansson.h>

/**
 * All known data sets, a new reference: a list of {name, about, classes, rows {train,
 * validation, test}, pixels (sizes published), present (sizes in the data folders; [0] for
 * a set of one size), licence, unread (why it cannot be a source, or absent), class_range
 * (where the plan chooses the number of classes)}; text/NAME and tokens/NAME have "here",
 * the names of the files that are present.
 *
 * \param dir  as for tl_source_open
 */
json_t *tl_data_inventory(const char *dir);

/**
 * Checks MedMNIST files in the data folders against their official checksums; appends one
 * {name, path, state, md5, official} each to `list`. state: "right", "wrong", "absent" (no
 * path, md5) or "unknown" (a file with none of the official checksums).
 *
 * \param name  a set ("breastmnist", "medmnist/breastmnist_64"), a file, or NULL for all
 *              that are present
 * \return TL_E_ARG for any other name, TL_E_IO
 */
TL_MUST_USE tl_status tl_data_verify(const char *name, const char *dir, json_t *list,
                                     tl_err *err);

/** As tl_medmnist_named, for a name with or without "medmnist/".
 * \param size  result: number of the size that the name says, as there */
const tl_medmnist *tl_data_named(const char *name, int *size);

#endif
