#include "compute/nn/probe.h"

#include "compute/core/blas.h"
#include "compute/nn/architecture.h"

#include <string.h>

enum { GROUP_NUMBERS = 512 /* tokens of a group, about */ };

/* Rows of a block that are computed together: a power of two. Images fill one vector; more
 * leave the cache. */
static int group_of(const tl_model_spec *spec)
{
    if (spec->kind == TL_MODEL_MLP || spec->kind == TL_MODEL_LINEAR) return TL_INFER_ROWS;
    if (!tl_model_reads_tokens(spec->kind)) return 16;
    int group = TL_INFER_ROWS;
    while (group > 1 && group * spec->in.width > GROUP_NUMBERS) group /= 2;
    return group;
}

/* Block `block` of the rows. The last one is padded: `padded` starts as zeros. */
static void run_block(const tl_probe *probe, tl_pass *pass, int block, float *padded,
                      float *out)
{
    const size_t size = (size_t)tl_shape_size(pass->model->spec.in);
    const int first = block * TL_INFER_ROWS, left = probe->rows - first;
    const int here = left < TL_INFER_ROWS ? left : TL_INFER_ROWS;
    const float *from = probe->input + (size_t)first * size;
    if (here < TL_INFER_ROWS) {
        memcpy(padded, from, (size_t)here * size * sizeof *padded);
        from = padded;
    }
    for (int at = 0; at < here; at += pass->most) {
        const int rest = here - at < pass->most ? here - at : pass->most;
        (void)tl_pass_forward(pass, from + (size_t)at * size, NULL, pass->most);
        probe->read(probe->self, pass, first + at, rest,
                    out + (size_t)at * (size_t)probe->width);
    }
}

typedef struct room {
    tl_pass pass;
    float *padded;         /* [TL_INFER_ROWS x input] */
    float *all;            /* blocks of all members */
    int first, each, held; /* blocks of this member, of all */
} room;

/* Sets this member's blocks: a part of them, or all if members have shares of the model. */
static void share_out(const tl_model *model, const tl_team *team, int blocks, room *own)
{
    const int members = model->is_tensor_parallel ? 1 : team->size;
    own->each = (blocks + members - 1) / members;
    own->first = model->is_tensor_parallel ? 0 : team->rank * own->each;
    own->held = own->each * members;
}

static tl_status take_room(const tl_model *model, const tl_probe *probe, tl_arena *scratch,
                           room *out, tl_err *err)
{
    const size_t size = (size_t)tl_shape_size(model->spec.in);
    const int group = group_of(&model->spec);
    const tl_pass_use use = probe->wants_inputs ? TL_PASS_INPUTS : TL_PASS_FORWARD;
    TL_TRY(tl_pass_new(model, group, use, scratch, &out->pass, err));
    TL_ALLOC(out->padded, scratch, TL_INFER_ROWS * size, err);
    TL_ALLOC(out->all, scratch, (size_t)out->held * TL_INFER_ROWS * (size_t)probe->width,
             err);
    return TL_OK;
}

tl_status tl_probe_run(const tl_model *model, const tl_probe *probe, const tl_team *team,
                       tl_arena *scratch, float *out, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const size_t block_size = (size_t)TL_INFER_ROWS * (size_t)probe->width;
    const int blocks = (probe->rows + TL_INFER_ROWS - 1) / TL_INFER_ROWS;
    room own = {0};
    share_out(model, team, blocks, &own);
    const tl_status mine = take_room(model, probe, scratch, &own, err);
    tl_status status = tl_team_agree(team, mine, err);
    TL_INVARIANT(status != TL_OK || own.all);
    if (status != TL_OK || tl_arena_counts(scratch)) {
        tl_arena_rewind(scratch, mark);
        return status;
    }
    tl_blas_start();
    tl_pass_refresh(&own.pass);
    own.pass.team = team;
    for (int b = own.first; status == TL_OK && b < own.first + own.each && b < blocks;
         b++) {
        run_block(probe, &own.pass, b, own.padded, own.all + (size_t)b * block_size);
        (void)tl_team_tick(team);
        status = own.pass.status;
        if (status != TL_OK && err) *err = own.pass.err;
    }
    if (status == TL_OK && !model->is_tensor_parallel) {
        status = tl_team_gather(team, own.all,
                                (size_t)own.each * block_size * sizeof *own.all, err);
    }
    if (status == TL_OK) {
        memcpy(out, own.all, (size_t)probe->rows * (size_t)probe->width * sizeof *out);
    }
    tl_arena_rewind(scratch, mark);
    return status;
}

/* --- logits --------------------------------------------------------------------------- */

/* Of every row's last position, `width` numbers. */
static void read_last(const tl_model *model, const float *from, int rows, size_t width,
                      float *out)
{
    const size_t positions = (size_t)model->positions;
    for (size_t r = 0; r < (size_t)rows; r++) {
        memcpy(out + r * width, from + (r * positions + positions - 1) * width,
               width * sizeof *out);
    }
}

static void read_logits(const void *self, tl_pass *pass, int first, int rows, float *out)
{
    (void)self, (void)first;
    read_last(pass->model, tl_pass_logits(pass), rows, (size_t)pass->model->spec.classes,
              out);
}

tl_status tl_model_logits(const tl_model *model, const float *input, int rows,
                          const tl_team *team, tl_arena *scratch, float *logits,
                          tl_err *err)
{
    const tl_probe probe = {
        .input = input, .rows = rows, .width = model->spec.classes, .read = read_logits};
    return tl_probe_run(model, &probe, team, scratch, logits, err);
}

int tl_infer_max_ranks(int rows, int most)
{
    int width = 1;
    while (2 * width * TL_INFER_ROWS <= rows && 2 * width <= most) width *= 2;
    return width;
}

/* --- features ------------------------------------------------------------------------- */

int tl_model_features_size(const tl_model_spec *spec)
{
    tl_architecture a;
    return tl_architecture_of(spec, &a, NULL) == TL_OK ? a.layer[a.layers - 1].in.channels
                                                       : 0;
}

static void read_features(const void *self, tl_pass *pass, int first, int rows, float *out)
{
    (void)self, (void)first;
    const tl_layer_run *last = &pass->run[pass->model->layers - 1];
    read_last(pass->model, last->in, rows, (size_t)last->layer->in.channels, out);
}

tl_status tl_model_features(const tl_model *model, const float *input, int rows,
                            const tl_team *team, tl_arena *scratch, float *feature,
                            tl_err *err)
{
    const tl_probe probe = {.input = input,
                            .rows = rows,
                            .width = tl_model_features_size(&model->spec),
                            .read = read_features};
    return tl_probe_run(model, &probe, team, scratch, feature, err);
}

/* --- gradient of the pixels ----------------------------------------------------------- */

static void read_gradient(const void *self, tl_pass *pass, int first, int rows, float *out)
{
    const tl_objective_gradient *objective = self;
    TL_INVARIANT(pass->model->positions == 1); /* tokens have no gradient */
    const int classes = pass->model->spec.classes;
    const float *logits = tl_pass_logits(pass);
    float *d = tl_pass_d_logits(pass);
    memset(d, 0, (size_t)pass->most * (size_t)classes * sizeof *d);
    for (int r = 0; r < rows; r++) {
        const size_t at = (size_t)r * (size_t)classes;
        objective->of(objective->self, first + r, logits + at, classes, d + at);
    }
    tl_pass_backward_inputs(pass, pass->most, rows, out);
}

tl_status tl_model_input_gradient(const tl_model *model,
                                  const tl_objective_gradient *objective,
                                  const tl_dataset *data, const tl_team *team,
                                  tl_arena *scratch, float *gradient, tl_err *err)
{
    const tl_probe probe = {.input = data->input,
                            .rows = data->rows,
                            .width = tl_shape_size(model->spec.in),
                            .wants_inputs = true,
                            .read = read_gradient,
                            .self = objective};
    return tl_probe_run(model, &probe, team, scratch, gradient, err);
}
