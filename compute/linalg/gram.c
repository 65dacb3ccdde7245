#include "compute/linalg/gram.h"

#include "compute/core/blas.h"

#include <string.h>

enum { LEVELS = 3 /* of the tree over TL_GRAM_CHUNKS chunks */ };

typedef struct summing {
    const float *x;
    int rows, width;
    float *level[LEVELS]; /* [width x width] the right half's sum at each level */
} summing;

/* Sum of the products of chunks first .. first+count-1, a power of two. */
static void sum_chunks(const summing *s, int first, int count, int level, float *out)
{
    const size_t size = (size_t)s->width * (size_t)s->width;
    if (count > 1) {
        TL_INVARIANT(level < LEVELS);
        float *right = s->level[level];
        sum_chunks(s, first, count / 2, level + 1, out);
        sum_chunks(s, first + count / 2, count / 2, level + 1, right);
        for (size_t i = 0; i < size; i++) out[i] += right[i];
        return;
    }
    const int from = (int)((long)first * s->rows / TL_GRAM_CHUNKS);
    const int end = (int)((long)(first + 1) * s->rows / TL_GRAM_CHUNKS);
    memset(out, 0, size * sizeof *out);
    const tl_cmat part =
        tl_cmat_of(s->x + (size_t)from * (size_t)s->width, end - from, s->width);
    tl_gemm(part, true, part, false, false, tl_mat_of(out, s->width, s->width));
}

static tl_status take_levels(summing *s, float **room, tl_arena *scratch, tl_err *err)
{
    const size_t size = (size_t)s->width * (size_t)s->width;
    for (int l = 0; l < LEVELS; l++) TL_ALLOC(s->level[l], scratch, size, err);
    TL_ALLOC(*room, scratch, size, err);
    return TL_OK;
}

tl_status tl_gram(const float *x, int rows, int width, const tl_team *team,
                  tl_arena *scratch, float *gram, tl_err *err)
{
    TL_INVARIANT(team->size <= TL_GRAM_CHUNKS);
    const size_t mark = tl_arena_mark(scratch);
    summing s = {.x = x, .rows = rows, .width = width};
    float *room = NULL;
    tl_status status = tl_team_agree(team, take_levels(&s, &room, scratch, err), err);
    TL_INVARIANT(status != TL_OK || (s.level[0] && s.level[1] && s.level[2] && room));
    if (status == TL_OK && !tl_arena_counts(scratch)) {
        const int local = TL_GRAM_CHUNKS / team->size;
        tl_blas_start();
        sum_chunks(&s, team->rank * local, local, 0, gram);
        status = tl_team_sum(team, gram, (size_t)width * (size_t)width, err);
    }
    tl_arena_rewind(scratch, mark);
    return status;
}
