/*
 * Files of named tensors: safetensors (huggingface/safetensors, format description in its
 * README), with texts in __metadata__: the format of the contents, the step that made them,
 * entries of the caller, and a checksum. The same contents give the same bytes, and every
 * byte of a file is verified when it is read. Nothing here is collective.
 */
#ifndef TL_COMPUTE_CORE_TENSOR_FILE_H
#define TL_COMPUTE_CORE_TENSOR_FILE_H

#include "compute/core/arena.h"
#include "compute/core/folder.h"
#include "compute/core/hash.h"

/** Types of numbers in a file, little-endian. */
typedef enum tl_dtype {
    TL_DTYPE_F32,
    TL_DTYPE_F64,
    TL_DTYPE_I32,
    TL_DTYPE_I64,
    TL_DTYPE_U32,
    TL_DTYPE_U8,
    TL_DTYPES
} tl_dtype;

enum { TL_FILE_TENSOR_RANK = 4 /**< dimensions of a tensor in a file, at most */ };

/** A tensor of a file. Each size is below 2^31, and their product, zeros left out, below
 * 2^60. */
typedef struct tl_file_tensor {
    const char *name; /**< borrowed; of a file that was read, in its arena */
    tl_dtype dtype;
    int rank;
    uint64_t size[TL_FILE_TENSOR_RANK];
    void *at; /**< [product of size] numbers, borrowed; may be NULL if there is none */
} tl_file_tensor;

/** A text of the metadata. Both are UTF-8, borrowed; of a file that was read, in its arena.
 */
typedef struct tl_file_entry {
    const char *name; /**< not "format", "step" or "sha256_128" */
    const char *text;
} tl_file_entry;

/** Contents of a file. All pointers are borrowed; of a file that was read, in its arena. */
typedef struct tl_tensor_file {
    const char *format; /**< what the contents are, with a version: "threatloop-2" */
    const tl_key *step; /**< that made them; NULL: unknown */
    int entries, tensors;
    tl_file_entry *entry;   /**< [entries] in order */
    tl_file_tensor *tensor; /**< [tensors] in order */
    /** Names, types and shapes follow from the metadata, as the caller checks; so they are
     * left out of the checksum. */
    bool is_table_implied;
} tl_tensor_file;

/** What a file must be, and where its tensors go. Zero: any file, tensors in the arena. */
typedef struct tl_tensor_want {
    const char *what;   /**< the contents in messages: "model"; NULL: "contents" */
    const char *format; /**< it must have; NULL: any */
    const tl_key *step; /**< that must have made it; NULL: any */
    bool is_table_implied;
    /**
     * Checks the contents, which agree with the size of the file but are not verified yet,
     * and sets `at` of tensors whose place is known; the others are taken from the arena.
     * NULL: no checks. Its errors get the path as prefix.
     */
    tl_status (*place)(void *self, tl_tensor_file *file, tl_arena *arena, tl_err *err);
    void *self; /**< of `place`, borrowed */
} tl_tensor_want;

/**
 * Makes `path` this file, durably (tl_file_replace); two processes may do so at once.
 * \param folder private folder that holds `path`; NULL: any place
 * \return TL_E_IO, TL_E_NOMEM; TL_E_ARG for what could not be read again: names that occur
 * twice, text that is not UTF-8, shapes or a header beyond their limits
 */
TL_MUST_USE tl_status tl_tensor_file_save(const tl_tensor_file *file,
                                          const tl_folder *folder, const char *path,
                                          tl_err *err);

/**
 * Reads a file of tl_tensor_file_save. Malicious and damaged files are refused: all sizes
 * are checked against the file's before anything of that size is allocated.
 * \param folder as of tl_tensor_file_save
 * \return TL_E_IO (missing, no permission), TL_E_FORMAT (what is wrong, where; also
 * contents of another format or step), TL_E_NOMEM, or the status of `place`
 */
TL_MUST_USE tl_status tl_tensor_file_load(const tl_folder *folder, const char *path,
                                          const tl_tensor_want *want, tl_arena *arena,
                                          tl_tensor_file **out, tl_err *err);

/** Bytes of a tensor's numbers. */
uint64_t tl_file_tensor_bytes(const tl_file_tensor *tensor);

/** Whether names, types and shapes are the same. */
bool tl_file_tensor_equal(const tl_file_tensor *a, const tl_file_tensor *b);

/** The tensor of that name, type and rank, borrowed; NULL if there is none. */
tl_file_tensor *tl_tensor_file_find(const tl_tensor_file *file, const char *name,
                                    tl_dtype dtype, int rank);

/** The text of the entry of that name, borrowed; NULL if there is none. */
const char *tl_tensor_file_text(const tl_tensor_file *file, const char *name);

/** Reads an entry that is a whole number 0..most as "%d" prints it into `value`; false if
 * it is missing or something else. */
bool tl_tensor_file_whole(const tl_tensor_file *file, const char *name, int most,
                          int *value);

#endif
