/*
 * What a data file or a source of data holds, as JSON: for threatloop data info.
 */
#ifndef TL_RUNNER_DATASETS_DATA_INFO_H
#define TL_RUNNER_DATASETS_DATA_INFO_H

#include "compute/core/arena.h"

#include <jansson.h>

/**
 * Describes a file: npz, npy, idx (also gzipped) or safetensors, told by its first bytes,
 * or CIFAR's binary version, which has no mark. All of it is read and checked. An npz laid
 * out as MedMNIST's has its images described under "images", or under "unread" the reason
 * why they are not read as a source.
 *
 * \param as   NULL, or "cifar10" or "cifar100": what the file is, whatever its bytes say.
 *             Without it a *.bin is taken for the one CIFAR that its length and first
 * labels allow; where both do, it is refused \param out  a new reference: path, format,
 * bytes, sha256, md5, official (the MedMNIST set whose file it is), arrays of {name, type,
 * shape}, others (members that are no arrays) \return TL_E_IO, TL_E_FORMAT, TL_E_NOMEM,
 * with file, member and reason
 */
TL_MUST_USE tl_status tl_data_info_file(const char *path, const char *as, tl_arena *arena,
                                        json_t **out, tl_err *err);

/**
 * Describes a source by its name, as tl_source_open finds it.
 *
 * \param out  a new reference: name, and images or (cut into rows of 64) tokens
 * \return as tl_source_open
 */
TL_MUST_USE tl_status tl_data_info_source(const char *name, const char *dir,
                                          tl_arena *arena, json_t **out, tl_err *err);

#endif
