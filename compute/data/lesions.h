/*
 * synthetic/lesions: grey 28x28 images of textured tissue with a lesion whose size, border
 * and number depend on the class. Generated, any number; example i is the same in a larger
 * set.
 */
#ifndef TL_COMPUTE_DATA_LESIONS_H
#define TL_COMPUTE_DATA_LESIONS_H

#include "compute/data/source_data.h"

/** Pixels a side; classes, at most. */
enum { TL_LESIONS_SIDE = 28, TL_LESIONS_CLASSES = 10 };

/**
 * Makes the dataset; the class of example i is i modulo classes. Difficulty lowers the
 * contrast of lesions and raises noise.
 * \return TL_E_ARG (classes, difficulty or examples out of range), TL_E_NOMEM
 */
TL_MUST_USE tl_status tl_lesions_make(const tl_source_want *want, tl_arena *arena,
                                      tl_dataset *out, tl_err *err);

#endif
