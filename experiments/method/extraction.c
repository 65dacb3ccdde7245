#include "experiments/method/extraction.h"

#include "experiments/score/score.h"

tl_status tl_extraction_compare(tl_scene *scene, tl_reading *target, tl_reading *surrogate,
                                tl_err *err)
{
    const tl_dataset *test = scene->world->data[TL_PART_TEST];
    TL_TRY(tl_target_read(scene, test, target, err));
    TL_TRY(tl_reading_make(scene->given->model[TL_PART_SURROGATE], test, scene->team,
                           scene->scratch, surrogate, err));
    if (tl_scene_counts(scene)) return TL_OK;
    tl_scene_put_rate(scene, TL_EXTRACTION_AGREEMENT,
                      tl_score_matches(target->guess, surrogate->guess, test->rows),
                      test->rows);
    tl_scene_put_rate(scene, TL_EXTRACTION_ACCURACY,
                      tl_score_matches(test->label, surrogate->guess, test->rows),
                      test->rows);
    return TL_OK;
}

tl_status tl_extraction_check(const tl_size *size, tl_err *err)
{
    TL_CHECK(size->test > 0, err, TL_E_ARG,
             "surrogate and target are compared on the test rows, but data.split.test is "
             "0");
    return TL_OK;
}
