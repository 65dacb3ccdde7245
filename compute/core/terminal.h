/*
 * The terminal that output goes to, if it goes to one.
 */
#ifndef TL_COMPUTE_CORE_TERMINAL_H
#define TL_COMPUTE_CORE_TERMINAL_H

enum { TL_TERMINAL_LEAST = 20 /**< fewest columns that output is fitted to */ };

/**
 * Columns of the terminal behind `file`, a descriptor, now: those of the terminal itself,
 * or, where a launcher passes the output on, those that it says in THREATLOOP_COLUMNS. At
 * least TL_TERMINAL_LEAST. \return 0 if it is no terminal, or one that does not know its
 * size
 */
int tl_terminal_columns(int file);

#endif
