/*
 * MNIST (LeCun, Cortes) and data in its format: a pair of idx files.
 */
#ifndef TL_COMPUTE_DATA_MNIST_H
#define TL_COMPUTE_DATA_MNIST_H

#include "compute/data/data_paths.h"
#include "compute/data/source_data.h"

/** Where its four files can be downloaded by hand; torchvision takes them from there. */
#define TL_MNIST_URL "https://ossci-datasets.s3.amazonaws.com/mnist/"

/** Finds the file of images. \param path result \return TL_E_IO: it is missing; the
 * text lists every folder searched, and the address of the files */
TL_MUST_USE tl_status tl_mnist_find(const char *name, const char *dir,
                                    char path[TL_DATA_PATH_SPACE], tl_err *err);

/** Finds the file of labels. \param path result \return TL_E_IO as tl_data_path_find */
TL_MUST_USE tl_status tl_mnist_find_labels(const char *name, const char *dir,
                                           char path[TL_DATA_PATH_SPACE], tl_err *err);

/**
 * Reads DIR/<name>-images-idx3-ubyte[.gz] and -labels-idx1-ubyte[.gz] (or with a dot before
 * idx) from the folders of tl_data_paths. The note says whether they are the official
 * files, by their MD5.
 * \return TL_E_IO, TL_E_FORMAT (also for a pair that does not match), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_mnist_read(const char *name, const char *dir, tl_arena *arena,
                                    tl_source *out, tl_err *err);

#endif
