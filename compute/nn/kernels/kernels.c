#include "compute/nn/kernels/kernels.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TL_ISA_KERNELS(isa)                               \
    extern const tl_conv_kernels tl_conv_kernels_##isa;   \
    extern const tl_grid_kernels tl_grid_kernels_##isa;   \
    extern const tl_array_kernels tl_array_kernels_##isa; \
    extern const tl_sequence_kernels tl_sequence_kernels_##isa;
TL_ISA_KERNELS(base)
#ifdef TL_HAS_X86_ISAS
TL_ISA_KERNELS(avx2)
TL_ISA_KERNELS(avx512)
#endif

static const tl_kernels all[] = {
#ifdef TL_HAS_X86_ISAS
    {"avx512", &tl_conv_kernels_avx512, &tl_grid_kernels_avx512, &tl_array_kernels_avx512,
     &tl_sequence_kernels_avx512},
    {"avx2", &tl_conv_kernels_avx2, &tl_grid_kernels_avx2, &tl_array_kernels_avx2,
     &tl_sequence_kernels_avx2},
#endif
    {"base", &tl_conv_kernels_base, &tl_grid_kernels_base, &tl_array_kernels_base,
     &tl_sequence_kernels_base},
};

enum { COUNT = sizeof all / sizeof *all };

static bool runs_here(int number)
{
#ifdef TL_HAS_X86_ISAS
    if (number == 0) {
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
               __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
    }
    if (number == 1) return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
#endif
    return number < COUNT;
}

/* The environment may name a set, for the same bits on different nodes; tl_kernels_check
 * has refused unknown names. */
static const tl_kernels *choose(void)
{
    const char *wanted = getenv(TL_KERNELS_VARIABLE);
    int number = 0;
    for (int i = 0; wanted && i < COUNT; i++) {
        if (strcmp(wanted, all[i].name) == 0 && runs_here(i)) return &all[i];
    }
    while (!runs_here(number)) number++;
    return &all[number];
}

/* Concurrent callers choose alike. */
const tl_kernels *tl_kernels_get(void)
{
    static const tl_kernels *_Atomic chosen;
    const tl_kernels *kernels = atomic_load_explicit(&chosen, memory_order_relaxed);
    if (!kernels) {
        kernels = choose();
        atomic_store_explicit(&chosen, kernels, memory_order_relaxed);
    }
    return kernels;
}

tl_status tl_kernels_check(tl_err *err)
{
    const char *wanted = getenv(TL_KERNELS_VARIABLE);
    char names[64] = "";
    const tl_kernels *set;
    for (int i = 0; (set = tl_kernels_at(i)) != NULL; i++) {
        if (wanted && strcmp(wanted, set->name) == 0) return TL_OK;
        const size_t length = strlen(names);
        (void)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "",
                       set->name);
    }
    TL_CHECK(!wanted, err, TL_E_ARG, "%s is '%s'; this processor can run %s",
             TL_KERNELS_VARIABLE, wanted, names);
    return TL_OK;
}

const tl_kernels *tl_kernels_at(int number)
{
    for (int i = 0; i < COUNT; i++) {
        if (runs_here(i) && number-- == 0) return &all[i];
    }
    return NULL;
}
