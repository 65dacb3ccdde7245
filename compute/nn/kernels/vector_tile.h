/*
 * Vectors of W floats, their loads and stores, included once for each W.
 */
#define NAME(word) JOIN(word, W)

typedef float NAME(vec) __attribute__((vector_size(4 * W)));
typedef int32_t NAME(mask) __attribute__((vector_size(4 * W)));

static inline NAME(vec) NAME(load)(const float *x)
{
    NAME(vec) v;
    memcpy(&v, x, sizeof v);
    return v;
}

static inline void NAME(store)(float *x, NAME(vec) v)
{
    memcpy(x, &v, sizeof v);
}
