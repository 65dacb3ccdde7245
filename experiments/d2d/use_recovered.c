/*
 * Use of recovered data: appends what the attacker has recovered from models to its own
 * rows. This closes the loop from models to data and back to models; with `rounds` it is
 * inserted at the start of every later round.
 * Source: Wang, Luan 2026, AI security in the foundation model era (the closed loop of
 * D->M and M->D flows); recovered images as training data of an attack: Fredrikson, Jha,
 * Ristenpart 2015, Model inversion attacks that exploit confidence information.
 */
#include "experiments/stage/stage.h"

#include <string.h>

enum { METRIC_ROWS, METRIC_SHARE };

static tl_status check_alike(const tl_dataset *own, const tl_dataset *more, tl_err *err)
{
    TL_CHECK(own->classes == more->classes && own->shape.channels == more->shape.channels &&
                 own->shape.height == more->shape.height &&
                 own->shape.width == more->shape.width,
             err, TL_E_ARG,
             "recovered images of %d x %d x %d in %d classes cannot join the attacker's of "
             "%d x %d x %d in %d",
             more->shape.channels, more->shape.height, more->shape.width, more->classes,
             own->shape.channels, own->shape.height, own->shape.width, own->classes);
    return TL_OK;
}

/* Copies the rows of `part` to `out`, from row `at` on. */
static void copy_rows(const tl_dataset *part, int at, tl_dataset *out)
{
    const size_t rows = (size_t)part->rows, first = (size_t)at;
    const size_t size = (size_t)tl_shape_size(part->shape);
    if (rows == 0) return;
    memcpy(out->input + first * size, part->input, rows * size * sizeof *out->input);
    memcpy(out->label + first, part->label, rows * sizeof *out->label);
    memcpy(out->flags + first, part->flags, rows * sizeof *out->flags);
    memcpy(out->origin + first, part->origin, rows * sizeof *out->origin);
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_dataset *own = scene->world->data[TL_PART_ATTACKER];
    const tl_dataset *more = scene->world->data[TL_PART_RECOVERED];
    TL_TRY(check_alike(own, more, err));
    tl_dataset *out;
    TL_ALLOC(out, scene->keep, 1, err);
    *out = *own;
    out->rows = own->rows + more->rows;
    const size_t rows = (size_t)out->rows;
    TL_ALLOC(out->input, scene->keep, rows * (size_t)tl_shape_size(own->shape), err);
    TL_ALLOC(out->label, scene->keep, rows, err);
    TL_ALLOC(out->flags, scene->keep, rows, err);
    TL_ALLOC(out->origin, scene->keep, rows, err);
    if (tl_scene_counts(scene)) return TL_OK;
    copy_rows(own, 0, out);
    copy_rows(more, own->rows, out);
    scene->given->data[TL_PART_ATTACKER] = out;
    tl_scene_put(scene, METRIC_ROWS, more->rows);
    tl_scene_put_if(scene, METRIC_SHARE, rows > 0, (double)more->rows / (double)rows,
                    TL_WHY_NOT_APPLICABLE);
    return TL_OK;
}

static const tl_metric metrics[] = {{.name = "rows",
                                     .label = "recovered rows used",
                                     .about = "recovered rows that the attacker uses"},
                                    {.name = "share",
                                     .label = "share of recovered rows",
                                     .high = 1,
                                     .can_be_missing = true,
                                     .about = "their share of all the attacker has"},
                                    {0}};

const tl_stage tl_stage_d2d_use_recovered = {
    .name = "d2d.use_recovered",
    .about = "the attacker adds what it has recovered to its own rows",
    .source =
        "Wang, Luan 2026, AI security in the foundation model era; Fredrikson, Jha, "
        "Ristenpart 2015, Model inversion attacks that exploit confidence information",
    .variant = "All recovered images join, unselected, under the class they were made for, "
               "after the attacker's own rows. Control models, evaluators and baselines "
               "leave them out.",
    .version = 1,
    .flow = TL_D2D,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "closed loop",
    .reads = TL_BIT(TL_PART_ATTACKER) | TL_BIT(TL_PART_RECOVERED),
    .gives = TL_BIT(TL_PART_ATTACKER),
    .metrics = metrics,
    .run = run,
};
