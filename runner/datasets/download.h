/*
 * Downloads a file; the only module that uses libcurl.
 */
#ifndef TL_RUNNER_DATASETS_DOWNLOAD_H
#define TL_RUNNER_DATASETS_DOWNLOAD_H

#include "compute/core/status.h"

#include <signal.h>
#include <stdint.h>

/**
 * Downloads `url` by http or https into the open descriptor `file`. Follows up to five
 * redirects, to http and https only and never from https to http; a server's certificate
 * must be valid and its own. Shows progress on stderr if that is a terminal.
 *
 * \param most  bytes: a server that announces or sends more is left
 * \param stop  borrowed; ends the download within a second of becoming other than 0
 * \return TL_E_IO with the reason: unknown host, connection refused, HTTP status from 400
 *         up, truncated, longer than `most`, less than 1 kB/s for a minute, file cannot be
 *         written; TL_E_STOP.
 *         Bytes already written are left to the caller
 */
TL_MUST_USE tl_status tl_download(const char *url, int file, uint64_t most,
                                  const volatile sig_atomic_t *stop, tl_err *err);

/** The version of libcurl and of its libraries; constant. */
const char *tl_download_version(void);

#endif
