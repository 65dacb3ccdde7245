#include "cluster/scalapack/scalapack_private.h"

#include <stdlib.h>

enum { TOPSREPEAT = 15 };

/* BLACS comes without headers. The names are theirs.
 * NOLINTBEGIN(readability-identifier-naming) */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridexit(int context);
void Cblacs_set(int context, int what, const int *value);
/* NOLINTEND(readability-identifier-naming) */

static tl_status make_grid(tl_cluster *cluster, int width, tl_process_grid *grid,
                           tl_err *err)
{
    const int first = cluster->rank / width * width;
    const bool is_whole = first + width <= cluster->size;
    int rows = 1;
    while (4 * rows * rows <= width) rows *= 2;
    *grid = (tl_process_grid){.comm = MPI_COMM_NULL, .context = -1};
    const int code = MPI_Comm_split(cluster->start, is_whole ? first : MPI_UNDEFINED,
                                    cluster->rank, &grid->comm);
    TL_CHECK(code == MPI_SUCCESS, err, TL_E_IO,
             "MPI_Comm_split of the ranks into blocks of %d failed", width);
    if (!is_whole) return TL_OK;
    MPI_Comm_set_errhandler(grid->comm, MPI_ERRORS_RETURN);
    /* BLACS renumbers its handles when some are freed: this one is used at once. */
    const int handle = Csys2blacs_handle(grid->comm), yes = 1;
    grid->context = handle;
    Cblacs_gridinit(&grid->context, "Row", rows, width / rows);
    Cfree_blacs_system_handle(handle);
    TL_CHECK(grid->context >= 0, err, TL_E_IO, "BLACS refuses a grid of %dx%d ranks", rows,
             width / rows);
    /* Else the order in which messages happen to arrive decides the bits. */
    Cblacs_set(grid->context, TOPSREPEAT, &yes);
    return TL_OK;
}

tl_status tl_scalapack_start(tl_cluster *cluster, tl_err *err)
{
    int grids = 1;
    for (int width = 2; width <= cluster->size; width *= 2) grids++;
    cluster->grid = calloc((size_t)grids, sizeof *cluster->grid);
    TL_CHECK(cluster->grid, err, TL_E_SPACE, "no memory left for %d grids", grids);
    for (; cluster->grids < grids; cluster->grids++) {
        const int k = cluster->grids;
        TL_TRY(make_grid(cluster, 1 << k, &cluster->grid[k], err));
    }
    return TL_OK;
}

void tl_scalapack_stop(tl_cluster *cluster)
{
    for (int k = 0; k < cluster->grids; k++) {
        tl_process_grid *grid = &cluster->grid[k];
        if (grid->comm == MPI_COMM_NULL || grid->is_invalid) continue;
        Cblacs_gridexit(grid->context);
        MPI_Comm_free(&grid->comm);
    }
}

tl_status tl_scalapack_grid(tl_cluster *cluster, const tl_team *team, tl_process_grid **out,
                            tl_err *err)
{
    int k = 0;
    while (1 << k < team->size) k++;
    TL_INVARIANT(k < cluster->grids && cluster->grid[k].comm != MPI_COMM_NULL);
    double burnt = cluster->grid[k].is_invalid;
    TL_TRY(tl_team_sum_double(team, &burnt, 1, err));
    if (burnt > 0.0) cluster->grid[k].is_invalid = true;
    *out = burnt > 0.0 ? NULL : &cluster->grid[k];
    return TL_OK;
}
