/*
 * The one door to libcurl: a file from the network.
 */
#ifndef TL_RUNNER_DATASETS_DOWNLOAD_H
#define TL_RUNNER_DATASETS_DOWNLOAD_H

#include "compute/core/status.h"

#include <signal.h>

/**
 * Downloads `url` by http or https into the open descriptor `file`. Redirects are followed,
 * five at most and never from https to http. Shows progress on stderr where that is a
 * terminal. Ends within a second of `stop` becoming other than 0.
 *
 * \return TL_E_IO with the reason: no such host, refused, an answer from 400 up, cut short,
 * a minute of less than 1 kB/s, the file cannot be written; TL_E_STOP. What was written
 * stays: the caller drops it
 */
TL_MUST_USE tl_status tl_download(const char *url, int file,
                                  const volatile sig_atomic_t *stop, tl_err *err);

/** Version of libcurl and what it is built on; borrowed. */
const char *tl_download_version(void);

#endif
