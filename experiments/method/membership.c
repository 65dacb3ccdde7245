#include "experiments/method/membership.h"

#include "experiments/score/roc.h"
#include "experiments/score/score.h"
#include "experiments/stage/scene_store.h"

#include <math.h>

tl_status tl_candidates_gather(const tl_dataset *pool, tl_arena *arena, tl_candidates *out,
                               tl_err *err)
{
    int *row, rows;
    TL_ALLOC(row, arena, pool->rows, err);
    rows = pool->rows;
    if (!tl_arena_counts(arena)) tl_dataset_select(pool, TL_ROW_UNJUDGED, 0, row, &rows);
    *out = (tl_candidates){0};
    TL_TRY(tl_dataset_pick(pool, row, rows, arena, &out->rows, err));
    TL_ALLOC(out->logits, arena, (size_t)rows * (size_t)pool->classes, err);
    TL_ALLOC(out->score, arena, rows, err);
    TL_ALLOC(out->member, arena, rows, err);
    if (tl_arena_counts(arena)) return TL_OK;
    for (int i = 0; i < rows; i++) {
        out->member[i] = (out->rows->flags[i] & TL_ROW_MEMBER) != 0;
        out->members += out->member[i];
    }
    out->others = rows - out->members;
    return TL_OK;
}

tl_status tl_candidates_put_auc(tl_scene *scene, int metric,
                                const tl_candidates *candidates, unsigned flags,
                                tl_err *err)
{
    const size_t mark = tl_arena_mark(scene->scratch);
    const int rows = candidates->rows->rows;
    double *score, auc;
    bool *member;
    int count = 0;
    TL_ALLOC(score, scene->scratch, rows, err);
    TL_ALLOC(member, scene->scratch, rows, err);
    for (int i = 0; i < rows && !tl_scene_counts(scene); i++) {
        if ((candidates->rows->flags[i] & flags) != flags) continue;
        score[count] = candidates->score[i];
        member[count++] = candidates->member[i];
    }
    if (tl_scene_counts(scene)) count = rows;
    TL_TRY(tl_score_auc(score, member, count, scene->scratch, &auc, err));
    tl_scene_put_if(scene, metric, isfinite(auc), auc, TL_WHY_UNRESOLVABLE);
    tl_arena_rewind(scene->scratch, mark);
    return TL_OK;
}

tl_status tl_candidates_put_tpr(tl_scene *scene, int metric,
                                const tl_candidates *candidates, double limit, tl_err *err)
{
    double tpr;
    if (candidates->members == 0 || candidates->others < 10.0 / limit) {
        tl_scene_put_missing(scene, metric, TL_WHY_UNRESOLVABLE);
        return TL_OK;
    }
    TL_TRY(tl_score_tpr(candidates->score, candidates->member, candidates->rows->rows,
                        limit, scene->scratch, &tpr, err));
    tl_scene_put_rate(scene, metric, tpr * candidates->members, candidates->members);
    return TL_OK;
}

void tl_candidates_store(const tl_scene *scene, const tl_candidates *candidates)
{
    const size_t mark = tl_arena_mark(scene->scratch);
    const tl_dataset *rows = candidates->rows;
    tl_roc roc;
    tl_err why = {0};
    if (tl_scene_stores(scene, TL_STORE_SCORES))
        tl_scene_store_scores(scene, &(tl_scores){.name = "",
                                                  .rows = rows->rows,
                                                  .row = rows->origin,
                                                  .score = candidates->score,
                                                  .member = candidates->member,
                                                  .label = rows->label,
                                                  .flags = rows->flags});
    if (!tl_scene_stores(scene, TL_STORE_CURVES) && !tl_scene_counts(scene)) return;
    const tl_status status = tl_score_roc(candidates->score, candidates->member, rows->rows,
                                          scene->scratch, &roc, &why);
    if (status != TL_OK)
        tl_scene_store_failed(scene, &why);
    else if (!tl_scene_counts(scene) && roc.points > 0)
        tl_scene_store_curve(scene, &(tl_curve){"roc", roc.points, roc.x, roc.y});
    tl_arena_rewind(scene->scratch, mark);
}
