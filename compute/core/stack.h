/*
 * How much stack this process has, where the limit that it was started under is small.
 */
#ifndef TL_COMPUTE_CORE_STACK_H
#define TL_COMPUTE_CORE_STACK_H

/**
 * Runs `program` with at least 8 MiB of stack, whatever the process limit (ulimit -s):
 * where that is smaller, on a thread of its own, which gets the signals; threads started
 * later, also by libraries, have as much. Call it once, before any other thread exists.
 *
 * \param argc, argv  handed to `program`, borrowed
 * \return what `program` returns. Where no such thread can be had, it runs all the same.
 */
int tl_stack_run(int (*program)(int argc, char **argv), int argc, char **argv);

#endif
