#include "cluster/scalapack/scalapack_private.h"

#include <stdlib.h>

enum { TOPSREPEAT = 15 };

/* BLACS has no headers. The names are its own. NOLINTBEGIN(readability-identifier-naming)
 */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int rows, int columns);
void Cblacs_gridexit(int context);
void Cblacs_set(int context, int what, const int *value);
/* NOLINTEND(readability-identifier-naming) */

static tl_status make_grid(tl_cluster *cluster, int width, tl_process_grid *grid,
                           tl_err *err)
{
    const int rank = tl_cluster_rank(cluster), first = rank / width * width;
    const bool is_whole = first + width <= tl_cluster_size(cluster);
    int rows = 1;
    while (4 * rows * rows <= width) rows *= 2;
    *grid = (tl_process_grid){.comm = MPI_COMM_NULL, .context = -1};
    const int code = MPI_Comm_split(tl_channel_comm(cluster, TL_CHANNEL_START),
                                    is_whole ? first : MPI_UNDEFINED, rank, &grid->comm);
    TL_CHECK(code == MPI_SUCCESS, err, TL_E_IO,
             "MPI_Comm_split of the ranks into blocks of %d failed", width);
    if (!is_whole) return TL_OK;
    MPI_Comm_set_errhandler(grid->comm, MPI_ERRORS_RETURN);
    /* BLACS renumbers its handles when some are freed: use this one at once. */
    const int handle = Csys2blacs_handle(grid->comm), yes = 1;
    grid->context = handle;
    Cblacs_gridinit(&grid->context, "Row", rows, width / rows);
    Cfree_blacs_system_handle(handle);
    TL_CHECK(grid->context >= 0, err, TL_E_IO, "BLACS refuses a grid of %dx%d ranks", rows,
             width / rows);
    /* Otherwise the bits depend on the order in which messages arrive. */
    Cblacs_set(grid->context, TOPSREPEAT, &yes);
    return TL_OK;
}

tl_status tl_scalapack_start(tl_cluster *cluster, tl_err *err)
{
    int grids = 1;
    for (int width = 2; width <= tl_cluster_size(cluster); width *= 2) grids++;
    tl_scalapack *all = calloc(1, sizeof *all + (size_t)grids * sizeof all->grid[0]);
    TL_CHECK(all, err, TL_E_NOMEM, "out of memory for %d process grids", grids);
    *tl_cluster_scalapack(cluster) = all;
    for (; all->grids < grids; all->grids++) {
        const int k = all->grids;
        TL_TRY(make_grid(cluster, 1 << k, &all->grid[k], err));
    }
    return TL_OK;
}

void tl_scalapack_stop(tl_cluster *cluster)
{
    tl_scalapack *all = *tl_cluster_scalapack(cluster);
    for (int k = 0; k < all->grids; k++) {
        tl_process_grid *grid = &all->grid[k];
        if (grid->comm == MPI_COMM_NULL || grid->is_invalid) continue;
        Cblacs_gridexit(grid->context);
        MPI_Comm_free(&grid->comm);
    }
    free(all);
    *tl_cluster_scalapack(cluster) = NULL;
}

tl_status tl_scalapack_grid(tl_cluster *cluster, const tl_team *team, tl_process_grid **out,
                            tl_err *err)
{
    tl_scalapack *all = *tl_cluster_scalapack(cluster);
    int k = 0;
    while (1 << k < team->size) k++;
    TL_INVARIANT(k < all->grids && all->grid[k].comm != MPI_COMM_NULL);
    double invalid = all->grid[k].is_invalid;
    TL_TRY(tl_team_sum_double(team, &invalid, 1, err));
    if (invalid > 0.0) all->grid[k].is_invalid = true;
    *out = invalid > 0.0 ? NULL : &all->grid[k];
    return TL_OK;
}
