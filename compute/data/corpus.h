/*
 * Text and tokens as people keep them, cut into rows for language models.
 *
 * A document is cut into consecutive windows of context + 1 tokens that do not overlap: the
 * row, and the token that follows it as its label. No window reaches into the next
 * document; what is left at the end of a document is left out.
 */
#ifndef TL_COMPUTE_DATA_CORPUS_H
#define TL_COMPUTE_DATA_CORPUS_H

#include "compute/data/data_paths.h"
#include "compute/data/source_data.h"

#include <dirent.h>

enum {
    TL_CORPUS_BYTES = 256,        /**< vocabulary of text: every byte is a token */
    TL_CORPUS_GPT2 = 50257,       /**< vocabulary of token files */
    TL_CORPUS_DOCUMENTS = 1 << 20 /**< most documents of a folder */
};

/** Whether `name` is "text/<name>" or "tokens/<name>". */
bool tl_corpus_is(const char *name);

/**
 * Where it lies: DIR/text/<name>.txt or DIR/text/<name> (a file, or a folder), or
 * DIR/tokens/<name>.bin. \return TL_E_ARG for a name that is no plain file name (so that no
 * path leaves the folder), TL_E_IO if it is nowhere
 */
TL_MUST_USE tl_status tl_corpus_find(const char *name, const char *dir,
                                     char path[TL_DATA_PATH_SPACE], tl_err *err);

/**
 * The names in a folder of text that count, in byte order, as scandir gives them: neither
 * those that begin with a dot nor with README. \param entry result, [how many], owned
 * by the caller \return how many, or -1 with errno set
 */
int tl_corpus_scan(const char *path, struct dirent ***entry);

/**
 * Reads what tl_corpus_find found, `context` tokens a row (TL_CONTEXT_LEAST ..
 * TL_CONTEXT_MOST).
 *
 * Text is read as bytes, so any file will do: nothing is decoded or converted, a line that
 * ends in CR LF has both. Of a folder every regular file is a document, in byte order of
 * their names, but for those that begin with a dot or with README (which is about the
 * corpus and not of it); folders and links in it are passed over.
 *
 * Token files are those of llm.c: 256 int32, of which the first three are 20240520, 1 and
 * the number of tokens, then GPT-2 tokens as uint16, all little-endian; one document.
 *
 * \return TL_E_FORMAT where no document holds a window, or for a malformed token file;
 * TL_E_IO, TL_E_NOMEM
 * Source: Karpathy 2024, llm.c, dev/data/data_common.py (write_datafile).
 */
TL_MUST_USE tl_status tl_corpus_read(const char *name, const char *path, int context,
                                     tl_arena *arena, tl_source *out, tl_err *err);

#endif
