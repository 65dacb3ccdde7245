/*
 * Names for kernels that are compiled once for each instruction set.
 */
#ifndef TL_COMPUTE_NN_KERNELS_ISA_H
#define TL_COMPUTE_NN_KERNELS_ISA_H

/** a and b, expanded, with an underscore between: name_avx2. */
#define JOIN_(a, b) a##_##b
#define JOIN(a, b) JOIN_(a, b)

#endif
