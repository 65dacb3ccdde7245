#include "compute/core/stack.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>

static const size_t ENOUGH = (size_t)8 << 20; /* bytes */

typedef struct call {
    int (*program)(int argc, char **argv);
    char **argv;
    int argc, code;
    sigset_t mask;
} call;

static bool is_small(void)
{
    struct rlimit stack;
    return getrlimit(RLIMIT_STACK, &stack) == 0 && stack.rlim_cur != RLIM_INFINITY &&
           stack.rlim_cur < ENOUGH;
}

static void *on_thread(void *argument)
{
    call *c = argument;
    (void)pthread_sigmask(SIG_SETMASK, &c->mask, NULL);
    c->code = c->program(c->argc, c->argv);
    return NULL;
}

/* The first thread takes no signal, so that each finds the one that is ready for it. */
static bool run_on_thread(call *c, const pthread_attr_t *attributes)
{
    pthread_t thread;
    sigset_t all;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &c->mask);
    const bool has_run = pthread_create(&thread, attributes, on_thread, c) == 0 &&
                         pthread_join(thread, NULL) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &c->mask, NULL);
    return has_run;
}

int tl_stack_run(int (*program)(int argc, char **argv), int argc, char **argv)
{
    call c = {.program = program, .argv = argv, .argc = argc};
    pthread_attr_t attributes;
    if (!is_small() || pthread_attr_init(&attributes) != 0) return program(argc, argv);
    (void)pthread_attr_setstacksize(&attributes, ENOUGH);
    (void)pthread_setattr_default_np(&attributes);
    const bool has_run = run_on_thread(&c, &attributes);
    (void)pthread_attr_destroy(&attributes);
    return has_run ? c.code : program(argc, argv);
}
