#include "experiments/stage/stage.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

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

bool tl_stage_asks(const tl_stage *stage)
{
    return (stage->access & TL_KNOWS_ANSWERS) != 0;
}

/* --- by value ------------------------------------------------------------------------- */

static const void *unpack(const tl_param *params, const tl_value *value, tl_args *space)
{
    if (!params) return NULL;
    tl_params_unpack(params, value, space);
    return space;
}

tl_status tl_stage_check(const tl_stage *stage, const tl_size *size, const tl_value *value,
                         tl_err *err)
{
    tl_args space;
    if (!stage->check) return TL_OK;
    return stage->check(size, unpack(stage->params, value, &space), err);
}

double tl_stage_queries(const tl_stage *stage, const tl_size *size, const tl_value *value)
{
    tl_args space;
    if (!stage->queries) return 0.0;
    return stage->queries(size, unpack(stage->params, value, &space));
}

bool tl_stage_wants_logits(const tl_stage *stage, const tl_value *value)
{
    tl_args space;
    return stage->wants_logits && stage->wants_logits(unpack(stage->params, value, &space));
}

bool tl_stage_withholds_logits(const tl_stage *stage, const tl_value *value)
{
    tl_args space;
    return stage->withholds_logits &&
           stage->withholds_logits(unpack(stage->params, value, &space));
}

bool tl_stage_answers_suffice(const tl_stage *stage, const tl_size *size,
                              const tl_value *value)
{
    tl_args space;
    return stage->answers_suffice &&
           stage->answers_suffice(size, unpack(stage->params, value, &space));
}

/* Rows that the stage passes through a model, at least. */
static double rows_read(const tl_stage *stage, const tl_size *size, const tl_value *value)
{
    double rows = tl_stage_queries(stage, size, value);
    if (!(stage->reads & TL_PARTS_MODEL)) return rows;
    if (stage->reads & TL_BIT(TL_PART_TEST)) rows += size->test;
    if (stage->reads & TL_BIT(TL_PART_POOL) && !tl_stage_asks(stage)) rows += size->pool;
    return rows;
}

double tl_stage_cost(const tl_stage *stage, const tl_size *size, const tl_value *value)
{
    tl_args space;
    if (!stage->cost)
        return rows_read(stage, size, value) * tl_model_flop(&size->setup.model);
    return stage->cost(size, unpack(stage->params, value, &space));
}

int tl_stage_max_ranks(const tl_stage *stage, const tl_size *size, const tl_value *value)
{
    tl_args space;
    int ranks;
    if (stage->max_ranks) {
        ranks = stage->max_ranks(size, unpack(stage->params, value, &space));
    } else if (stage->gives & TL_PARTS_MODEL && !tl_stage_passes_target(stage)) {
        ranks = tl_train_max_ranks(&size->setup.model, &size->setup.recipe);
    } else {
        const double rows = rows_read(stage, size, value);
        ranks =
            tl_infer_max_ranks(rows < INT_MAX ? (int)rows : INT_MAX, TL_INFER_MAX_RANKS);
    }
    return ranks > 1 ? ranks : 1;
}

int tl_ranks_one(const tl_size *size, const void *args)
{
    (void)size, (void)args;
    return 1;
}

bool tl_answers_suffice(const tl_size *size, const void *args)
{
    (void)size, (void)args;
    return true;
}

bool tl_stage_passes_target(const tl_stage *stage)
{
    return (stage->reads & stage->gives & TL_BIT(TL_PART_TARGET)) != 0;
}

void tl_stage_alter(const tl_stage *stage, const tl_value *value, tl_setup *setup)
{
    tl_args space;
    if (stage->alter) stage->alter(unpack(stage->params, value, &space), setup);
}

int tl_stage_banked(const tl_stage *stage, const tl_value *value)
{
    tl_args space;
    if (!stage->bank) return 0;
    if (!stage->bank_count) return 1;
    return stage->bank_count(unpack(stage->params, value, &space));
}

bool tl_stage_is_controlled(const tl_stage *stage, const tl_size *size)
{
    return stage->control && size->attacker > 0;
}

double tl_bank_cost(const tl_bank *bank, const tl_size *size, const tl_value *value)
{
    tl_args space;
    return bank->cost(size, unpack(bank->params, value, &space));
}

int tl_bank_max_ranks(const tl_bank *bank, const tl_size *size, const tl_value *value)
{
    tl_args space;
    if (!bank->max_ranks)
        return tl_train_max_ranks(&size->setup.model, &size->setup.recipe);
    return bank->max_ranks(size, unpack(bank->params, value, &space));
}

void tl_stage_bank_values(const tl_stage *stage, const tl_value *value, tl_value *bank)
{
    tl_args space;
    memset(bank, 0, TL_MAX_PARAMS * sizeof *bank);
    tl_params_defaults(stage->bank->params, bank);
    if (stage->bank_args) stage->bank_args(unpack(stage->params, value, &space), bank);
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
