#include "experiments/method/shadows.h"

#include "experiments/method/halves.h"

/* Which model has which row. */
static void mark_rows(const tl_scene *scene, const tl_dataset *rows, int models, bool *in)
{
    const tl_rng halves = tl_halves_rng(scene);
    for (int m = 0; m < models; m++) {
        for (int r = 0; r < rows->rows; r++) {
            *in++ = tl_halves_has(&halves, m, rows->origin[r]);
        }
    }
}

/* One model's statistics of the rows. */
typedef struct asking {
    const tl_dataset *rows;
    tl_statistic statistic;
    bool is_adaptive;
    float *answer; /* [rows x classes] */
} asking;

static tl_status ask_one(tl_scene *scene, int model, const asking *ask, double *out,
                         tl_err *err)
{
    const size_t mark = tl_arena_mark(scene->scratch);
    const tl_model *shadow;
    tl_session *own = NULL;
    TL_TRY(tl_scene_visit(scene, model, &shadow, err));
    const tl_status mine = tl_session_own(scene->session, shadow, (uint64_t)model + 1,
                                          ask->is_adaptive, scene->scratch, &own, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    TL_TRY(tl_membership_ask(scene, own, ask->rows, ask->statistic, ask->answer, out, err));
    tl_arena_rewind(scene->scratch, mark);
    return TL_OK;
}

tl_status tl_shadows_ask(tl_scene *scene, const tl_dataset *rows, tl_statistic statistic,
                         bool is_adaptive, float *answer, tl_shadow_values *out,
                         tl_err *err)
{
    const int models = scene->bank.count;
    const size_t count = (size_t)models * (size_t)rows->rows;
    double *value = tl_arena_take(scene->scratch, count, sizeof *value, err);
    bool *in = value ? tl_arena_take(scene->scratch, count, sizeof *in, err) : NULL;
    TL_TRY(tl_team_agree(scene->team, in ? TL_OK : TL_E_NOMEM, err));
    TL_INVARIANT(value && in);
    if (!tl_scene_counts(scene)) mark_rows(scene, rows, models, in);
    const asking ask = {rows, statistic, is_adaptive, answer};
    for (int m = 0; m < models; m++) {
        TL_TRY(ask_one(scene, m, &ask, value + (size_t)m * (size_t)rows->rows, err));
        if (tl_scene_counts(scene)) break; /* every model takes the same */
    }
    *out =
        (tl_shadow_values){.models = models, .rows = rows->rows, .value = value, .in = in};
    return TL_OK;
}

tl_status tl_shadows_test(tl_scene *scene, tl_statistic statistic,
                          const tl_shadow_args *args, tl_candidates **candidates,
                          tl_shadow_values *shadows, tl_err *err)
{
    tl_candidates *s = NULL;
    const tl_status mine =
        tl_candidates_gather(scene->world->data[TL_PART_POOL], scene->scratch, &s, err);
    TL_TRY(tl_team_agree(scene->team, mine, err));
    TL_INVARIANT(s != NULL);
    scene->found = *candidates = s;
    TL_TRY(tl_candidates_ask(scene, s, statistic, err));
    return tl_shadows_ask(scene, s->rows, statistic, args->adaptive, s->answer, shadows,
                          err);
}

int tl_shadows_count(const void *args)
{
    const tl_shadow_args *own = args;
    return own->models;
}

double tl_shadows_cost(const tl_size *size, const void *args)
{
    const tl_shadow_args *own = args;
    const int controls = size->attacker > 0;
    return tl_model_flop(&size->setup.model) * size->pool * (1.0 + own->models + controls);
}
