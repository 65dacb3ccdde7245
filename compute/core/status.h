/*
 * Room compute/core: what every part of the program needs: status, memory, text, random
 * numbers, hashes, files, BLAS, and the team as a record of operations. Uses nothing of
 * the project.
 *
 * How threatloop's functions fail: a status, and a text written once, where the fault is
 * seen.
 *
 * Four kinds of fault are told apart. A bug stops the program (TL_INVARIANT, always on).
 * What the environment, a trial or a user did wrong comes back as a tl_status with its
 * text. A peer that died is TL_E_PEER and ends only the step of its team. Nobody logs and
 * returns: the one who decides what to do with the fault reports it.
 */
#ifndef TL_COMPUTE_CORE_STATUS_H
#define TL_COMPUTE_CORE_STATUS_H

/** What a function came to. The larger value wins where a team agrees on one. */
typedef enum tl_status {
    TL_OK = 0,
    TL_E_ARG,     /**< an argument, plan or configuration that has no meaning here */
    TL_E_FORMAT,  /**< a file whose content breaks its format */
    TL_E_IO,      /**< the system refused: open, read, write, rename, no space on disk */
    TL_E_NOMEM,   /**< memory beyond the budget of an arena, or none left */
    TL_E_NUMERIC, /**< a number that is not finite where one must be: the step diverged */
    TL_E_MISSING, /**< what an earlier step left is missing or damaged: make it again */
    TL_E_STOP,    /**< asked to stop early; what could be kept has been kept */
    TL_E_PEER     /**< a member of the team died, or its deadline passed */
} tl_status;

enum { TL_ERR_TEXT = 480 /**< bytes of an error's text with its NUL */ };

/** One fault. `text` is a full sentence: what was wanted, what was found, what is allowed.
 */
typedef struct tl_err {
    tl_status status;
    char text[TL_ERR_TEXT];
} tl_err;

/** For declarations: the result must be used; format and arguments are as printf's. */
#define TL_MUST_USE __attribute__((warn_unused_result))
#define TL_PRINTF(text, first) __attribute__((format(printf, text, first)))

/** Writes a fault into `err` (may be NULL) and returns `status`. Control characters, which
 * would command a terminal, become question marks. */
tl_status tl_fail(tl_err *err, tl_status status, const char *format, ...) TL_PRINTF(3, 4);

/** Puts "prefix: " before the text of `err` (may be NULL) and returns its status. */
tl_status tl_fail_prefix(tl_err *err, const char *format, ...) TL_PRINTF(2, 3);

/** Prints "bug: ..." to stderr and aborts. Use through TL_INVARIANT. */
_Noreturn void tl_bug(const char *file, int line, const char *condition);

/** What must hold unless threatloop itself is wrong. Checked in every build. */
#define TL_INVARIANT(condition) \
    ((condition) ? (void)0 : tl_bug(__FILE__, __LINE__, #condition))

/** Returns the status of `call` from the function unless it is TL_OK. */
#define TL_TRY(call)                                      \
    do {                                                  \
        const tl_status tl_try_status = (call);           \
        if (tl_try_status != TL_OK) return tl_try_status; \
    } while (0)

/** Returns `status` from the function, its text in `err`, unless `condition` holds. */
#define TL_CHECK(condition, err, status, ...)              \
    do {                                                   \
        if (!(condition)) {                                \
            (void)tl_fail((err), (status), __VA_ARGS__);   \
            return (status); /* which the compiler sees */ \
        }                                                  \
    } while (0)

#endif
