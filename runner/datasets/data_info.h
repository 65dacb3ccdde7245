/*
 * What a data file or a data source holds, as JSON, for threatloop data info.
 */
#ifndef TL_RUNNER_DATASETS_DATA_INFO_H
#define TL_RUNNER_DATASETS_DATA_INFO_H

#include "compute/core/arena.h"

#include <jansson.h>

/**
 * Describes a file: npz, npy, idx (also gzipped) or safetensors, told apart by their first
 * bytes, or CIFAR's binary version, which has no mark. Reads and checks all of it. Of an
 * npz laid out as MedMNIST's, "images" describes the images, or "unread" says why they
 * cannot be a source.
 *
 * \param as   "cifar10" or "cifar100" for a file of that format, or NULL: a *.bin is then
 *             the CIFAR that its length and first labels allow, refused if both do
 * \param out  result, a new reference: path, format, bytes, sha256, md5, official (the
 *             MedMNIST set whose file it is), arrays of {name, type, shape}, others
 *             (members that are not arrays); NULL on failure
 * \return TL_E_IO, TL_E_FORMAT, TL_E_ARG (`as`), TL_E_NOMEM, with file, member and reason
 */
TL_MUST_USE tl_status tl_data_info_file(const char *path, const char *as, tl_arena *arena,
                                        json_t **out, tl_err *err);

/**
 * Describes a source by its name, as tl_source_open finds it.
 *
 * \param dir  data folder, or NULL
 * \param out  result, a new reference: name, and images or (in rows of 64) tokens
 * \return as tl_source_open
 */
TL_MUST_USE tl_status tl_data_info_source(const char *name, const char *dir,
                                          tl_arena *arena, json_t **out, tl_err *err);

#endif
