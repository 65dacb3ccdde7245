/*
 * Text and token files, cut into rows for language models.
 *
 * A document is cut into consecutive windows of context + 1 tokens that do not overlap: the
 * row, and the token after it as its label. No window spans two documents; the remainder of
 * a document is dropped.
 */
#ifndef TL_COMPUTE_DATA_CORPUS_H
#define TL_COMPUTE_DATA_CORPUS_H

#include "compute/data/data_paths.h"
#include "compute/data/source_data.h"

#include <dirent.h>

enum {
    TL_CORPUS_BYTES = 256,        /**< vocabulary of text: every byte is a token */
    TL_CORPUS_GPT2 = 50257,       /**< vocabulary of token files */
    TL_CORPUS_DOCUMENTS = 1 << 20 /**< documents of a folder, at most */
};

/** Whether `name` is "text/<name>" or "tokens/<name>". */
bool tl_corpus_is(const char *name);

/**
 * Finds it: DIR/text/<name>.txt or DIR/text/<name> (a file or a folder), or
 * DIR/tokens/<name>.bin. \param path result
 * \return TL_E_ARG unless the name is a plain file name (so that no path leaves the
 * folder), TL_E_IO if it is missing
 */
TL_MUST_USE tl_status tl_corpus_find(const char *name, const char *dir,
                                     char path[TL_DATA_PATH_SPACE], tl_err *err);

/**
 * The documents of a folder of text in byte order, by scandir: names that begin with a dot
 * or README are skipped.
 * \param entry result, [documents], owned by the caller
 * \return how many, or -1 with errno set
 */
int tl_corpus_scan(const char *path, struct dirent ***entry);

/**
 * Reads what tl_corpus_find found, `context` tokens a row (TL_CONTEXT_LEAST ..
 * TL_CONTEXT_MOST).
 *
 * Text is read as bytes, so any file will do: nothing is decoded or converted, not even CR
 * LF. In a folder every regular file that tl_corpus_scan lists is a document, in that
 * order; subfolders and links are skipped.
 *
 * Token files are those of llm.c: 256 int32, the first three being 20240520, 1 and the
 * number of tokens, then GPT-2 tokens as uint16, all little-endian; one document.
 *
 * \return TL_E_FORMAT if no document fills a window or a token file is malformed, TL_E_IO,
 * TL_E_NOMEM
 * Source: Karpathy 2024, llm.c, dev/data/data_common.py (write_datafile).
 */
TL_MUST_USE tl_status tl_corpus_read(const char *name, const char *path, int context,
                                     tl_arena *arena, tl_source *out, tl_err *err);

#endif
