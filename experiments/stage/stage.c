#include "experiments/stage/stage.h"

#include <stdio.h>
#include <string.h>

#define TL_STAGE(folder, file) extern const tl_stage tl_stage_##folder##_##file;
#include "experiments/stages.def"
#undef TL_STAGE

#define TL_STAGE(folder, file) PLACE_##folder##_##file,
enum {
#include "experiments/stages.def"
    STAGES
};
#undef TL_STAGE

const tl_stage *const *tl_stages(int *count)
{
#define TL_STAGE(folder, file) &tl_stage_##folder##_##file,
    static const tl_stage *const all[STAGES] = {
#include "experiments/stages.def"
    };
#undef TL_STAGE
    *count = STAGES;
    return all;
}

const tl_stage *tl_stage_find(const char *name)
{
    int count;
    const tl_stage *const *all = tl_stages(&count);
    for (int i = 0; i < count; i++) {
        if (strcmp(all[i]->name, name) == 0) return all[i];
    }
    return NULL;
}

const char *tl_flow_name(tl_flow flow)
{
    static const char *const name[] = {"D2D", "D2M", "M2D", "M2M", "none"};
    return name[flow];
}

const char *tl_role_name(tl_role role)
{
    static const char *const name[] = {"attack", "defense", "train", "measure"};
    return name[role];
}

const char *tl_wants_name(tl_wants wants)
{
    static const char *const name[] = {"anything", "images", "tokens"};
    return name[wants];
}

int tl_bank_of_one(const tl_value *arg)
{
    (void)arg;
    return 1;
}

tl_status tl_stage_check_data(const tl_stage *stage, const char *source, int vocabulary,
                              tl_err *err)
{
    const tl_wants given = vocabulary > 0 ? TL_WANTS_TOKENS : TL_WANTS_IMAGES;
    TL_CHECK(stage->wants == TL_WANTS_ANYTHING || stage->wants == given, err, TL_E_ARG,
             "%s works on %s, but %s gives %s", stage->name, tl_wants_name(stage->wants),
             source, tl_wants_name(given));
    return TL_OK;
}

char *tl_access_text(unsigned access, char out[64])
{
    static const char *const word[] = {"data",    "labels", "scores", "gradients",
                                       "weights", "truth",  "logits"};
    enum { WORDS = sizeof word / sizeof *word };
    int length = 0;
    out[0] = '\0';
    for (int i = 0; i < WORDS; i++) {
        if (!(access & 1U << i)) continue;
        length +=
            snprintf(out + length, 64 - (size_t)length, "%s%s", length ? " " : "", word[i]);
    }
    if (length == 0) (void)snprintf(out, 64, "none");
    return out;
}
