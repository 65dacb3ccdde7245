/*
 * Room compute/core: what every part of the program needs: status, memory, text, random
 * numbers, hashes, files, BLAS, and the team as a record of operations. Uses nothing of
 * the project.
 *
 * How functions fail: with a status, and a text written once, where the error is detected.
 *
 * There are four kinds of failure. A bug aborts the program (TL_INVARIANT, always on).
 * Errors of the environment, a trial or the user are returned as a tl_status with a text. A
 * dead peer is TL_E_PEER and ends only its team's step. Nobody logs and returns: the caller
 * that handles the error reports it.
 */
#ifndef TL_COMPUTE_CORE_STATUS_H
#define TL_COMPUTE_CORE_STATUS_H

/** The result of a function. When a team agrees on one, the largest wins. */
typedef enum tl_status {
    TL_OK = 0,
    TL_E_ARG,     /**< an argument, plan or configuration that is invalid here */
    TL_E_FORMAT,  /**< a file that violates its format */
    TL_E_IO,      /**< the system refused: open, read, write, rename, no space on disk */
    TL_E_NOMEM,   /**< an arena's limit is exceeded, or the system has no memory */
    TL_E_NUMERIC, /**< a number that must be finite is not: the step diverged */
    TL_E_MISSING, /**< an earlier step's output is missing or damaged: rerun it */
    TL_E_STOP,    /**< stopped early on request; what could be saved was saved */
    TL_E_PEER     /**< a member of the team died, or its deadline passed */
} tl_status;

enum { TL_ERR_TEXT = 480 /**< bytes of an error's text, with its NUL */ };

/** An error. `text` is a sentence: what is wrong, what was found, what is allowed.
 */
typedef struct tl_err {
    tl_status status;
    char text[TL_ERR_TEXT];
} tl_err;

/** For declarations: the result must be used; format and arguments are as printf's. */
#define TL_MUST_USE __attribute__((warn_unused_result))
#define TL_PRINTF(text, first) __attribute__((format(printf, text, first)))

/** Writes an error into `err` (may be NULL) and returns `status`. Texts are shown as by
 * tl_print; of an error that is too long, the middle becomes "...". */
tl_status tl_fail(tl_err *err, tl_status status, const char *format, ...) TL_PRINTF(3, 4);

/** Puts "prefix: " before the text of `err` (may be NULL) and returns its status. */
tl_status tl_fail_prefix(tl_err *err, const char *format, ...) TL_PRINTF(2, 3);

/** Prints "bug: ..." to stderr and aborts. Use TL_INVARIANT. */
_Noreturn void tl_bug(const char *file, int line, const char *condition);

/** Aborts unless `condition` holds: a bug in threatloop. Checked in every build. */
#define TL_INVARIANT(condition) \
    ((condition) ? (void)0 : tl_bug(__FILE__, __LINE__, #condition))

/** Returns the status of `call` from the function unless it is TL_OK. */
#define TL_TRY(call)                                      \
    do {                                                  \
        const tl_status tl_try_status = (call);           \
        if (tl_try_status != TL_OK) return tl_try_status; \
    } while (0)

/** Returns `status` from the function, its text in `err`, unless `condition` holds. */
#define TL_CHECK(condition, err, status, ...)                   \
    do {                                                        \
        if (!(condition)) {                                     \
            (void)tl_fail((err), (status), __VA_ARGS__);        \
            return (status); /* a constant, for the compiler */ \
        }                                                       \
    } while (0)

#endif
