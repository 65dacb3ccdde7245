/*
 * Each member copies its part from a matrix that all members have, so nothing is sent;
 * results are gathered, part by part.
 */
#include "cluster/scalapack/scalapack_private.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { DENSE = 1 }; /* type of a descriptor */

/* NOLINTBEGIN(readability-identifier-naming) */
int numroc_(const int *n, const int *block, const int *place, const int *source,
            const int *places);
/* NOLINTEND(readability-identifier-naming) */

/* How many of `n` rows or columns lie at `place`. */
static int count_at(const tl_job *job, int n, int place, int places)
{
    const int source = 0;
    return numroc_(&n, &job->block, &place, &source, &places);
}

size_t tl_distributed_global(const tl_job *job, int i, int place, int places)
{
    const int block = job->block;
    return ((size_t)(i / block) * (size_t)places + (size_t)place) * (size_t)block +
           (size_t)(i % block);
}

/* ScaLAPACK needs at least one row. */
tl_status tl_job_alloc_distributed(tl_job *job, int rows, int columns, tl_distributed *out,
                                   tl_err *err)
{
    *out = (tl_distributed){.rows = rows,
                            .columns = columns,
                            .local_rows = count_at(job, rows, job->row, job->rows),
                            .local_columns =
                                count_at(job, columns, job->column, job->columns)};
    const int leading = out->local_rows > 0 ? out->local_rows : 1;
    const int desc[9] = {
        DENSE, job->grid->context, rows, columns, job->block, job->block, 0, 0, leading};
    memcpy(out->desc, desc, sizeof desc);
    const size_t size =
        (size_t)leading * (size_t)(out->local_columns > 0 ? out->local_columns : 1);
    TL_CHECK(size <= INT_MAX, err, TL_E_ARG,
             "%s: ScaLAPACK counts to %d, and a part of %dx%d is %zu numbers",
             tl_linalg_name(job->problem->operation), INT_MAX, rows, columns, size);
    return tl_job_alloc(job, size, &out->part, err);
}

/* The part at one place of the grid, column-major. */
typedef struct part {
    int row, column; /* the place */
    double *at;
    size_t leading; /* numbers from one column to the next */
} part;

/* Copies the first `rows` rows of `whole`, of `columns` columns, from or to a part of it.
 */
static void copy_part(const tl_job *job, const part *p, int rows, int columns,
                      tl_global whole, bool is_from_part)
{
    const int local_rows = count_at(job, rows, p->row, job->rows);
    const int local_columns = count_at(job, columns, p->column, job->columns);
    for (int j = 0; j < local_columns; j++) {
        double *local = p->at + (size_t)j * p->leading;
        double *column = whole.at + tl_distributed_global(job, j, p->column, job->columns) *
                                        whole.across;
        for (int i = 0; i < local_rows; i++) {
            double *entry =
                column + tl_distributed_global(job, i, p->row, job->rows) * whole.down;
            if (is_from_part)
                *entry = local[i];
            else
                local[i] = *entry;
        }
    }
}

void tl_distributed_fill(const tl_job *job, tl_distributed *distributed, tl_global whole,
                         int rows)
{
    const part own = {job->row, job->column, distributed->part,
                      (size_t)distributed->desc[8]};
    copy_part(job, &own, rows, distributed->columns, whole, false);
}

/* This member's part of the first `rows` rows, dense. */
static void pack_part(const tl_job *job, const tl_distributed *distributed, int rows,
                      double *to)
{
    const size_t local_rows = (size_t)count_at(job, rows, job->row, job->rows);
    for (int j = 0; j < distributed->local_columns; j++)
        memcpy(to + (size_t)j * local_rows,
               distributed->part + (size_t)j * (size_t)distributed->desc[8],
               local_rows * sizeof *to);
}

tl_status tl_distributed_gather(tl_job *job, const tl_distributed *distributed, int rows,
                                tl_global whole, tl_err *err)
{
    const int places = job->rows * job->columns, columns = distributed->columns;
    const size_t each = (size_t)count_at(job, rows, 0, job->rows) *
                        (size_t)count_at(job, columns, 0, job->columns);
    const bool is_alone = places < job->team->size; /* every member has everything */
    const int mine = is_alone ? 0 : job->team->rank;
    double *all = calloc((size_t)places * each, sizeof *all);
    tl_status status = TL_OK;
    if (!all)
        status = tl_fail(err, TL_E_NOMEM, "%s: no memory left for a result of %dx%d",
                         tl_linalg_name(job->problem->operation), rows, columns);
    status = tl_team_agree(job->team, status, err);
    if (status == TL_OK) {
        TL_INVARIANT(all);
        pack_part(job, distributed, rows, all + (size_t)mine * each);
        status = is_alone ? tl_team_broadcast(job->team, all, each * sizeof *all, err)
                          : tl_team_gather(job->team, all, each * sizeof *all, err);
    }
    for (int place = 0; status == TL_OK && place < places; place++) {
        const int row = place / job->columns;
        const part one = {row, place % job->columns, all + (size_t)place * each,
                          (size_t)count_at(job, rows, row, job->rows)};
        copy_part(job, &one, rows, columns, whole, true);
    }
    free(all); /* teams have buffers of their own */
    return status;
}

/* Sets `local` to the local number of row or column `i` if it lies at `place`. */
static bool is_at(const tl_job *job, int i, int place, int places, size_t *local)
{
    const int block = job->block;
    *local = (size_t)(i / block / places) * (size_t)block + (size_t)(i % block);
    return i / block % places == place;
}

tl_status tl_distributed_diagonal(const tl_job *job, const tl_distributed *distributed,
                                  int offset, int n, double *out, tl_err *err)
{
    memset(out, 0, (size_t)n * sizeof *out);
    for (int i = 0; i < n; i++) {
        size_t row, column;
        if (is_at(job, i, job->row, job->rows, &row) &&
            is_at(job, i + offset, job->column, job->columns, &column))
            out[i] = distributed->part[column * (size_t)distributed->desc[8] + row];
    }
    if (job->rows * job->columns < job->team->size) /* every member has everything */
        return tl_team_broadcast(job->team, out, (size_t)n * sizeof *out, err);
    return tl_team_sum_double(job->team, out, (size_t)n, err);
}
