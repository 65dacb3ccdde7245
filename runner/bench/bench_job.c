/*
 * What bench train trains: settings under the names that they have in plans.
 */
#include "compute/core/text.h"
#include "runner/bench/bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CONTEXT, VOCABULARY, CHANNELS, SIDE, CLASSES, ROWS, OWN };
enum { TABLES = 3, LONGEST_NAME = 40 };

/* Work of an epoch of random data: enough that its ends do not count, yet little, since a
 * block of the timer is a whole number of epochs. */
static const double EPOCH_FLOP = 2e10;
enum { LEAST_UPDATES = 4, MOST_ROWS = 4096, NUMBERS = 1 << 26 };

static const tl_param own_params[OWN + 1] = {
    [CONTEXT] = {"context", TL_PARAM_INT, false, 256, 1, 65536, .about = "tokens of a row"},
    [VOCABULARY] = {"vocabulary", TL_PARAM_INT, false, 256, 2, 65536,
                    .about = "number of different tokens"},
    [CHANNELS] = {"channels", TL_PARAM_INT, false, 1, 1, 4096,
                  .about = "channels of an image"},
    [SIDE] = {"side", TL_PARAM_INT, false, 28, 1, 4096,
              .about = "height and width of an image"},
    [CLASSES] = {"classes", TL_PARAM_INT, false, 10, 2, 65536,
                 .about = "classes of images"},
    [ROWS] = {"rows", TL_PARAM_INT, false, 0, 0, 1e7,
              .about = "rows of random data (0: as suits the model)"},
};

/* The value of every setting. */
typedef struct settings {
    tl_setup_values values;
    tl_value own[OWN];
} settings;

typedef struct table {
    const tl_param *params;
    tl_value *value;
} table;

static table table_of(settings *s, int number)
{
    const table tables[TABLES] = {{tl_model_params, s->values.model},
                                  {tl_recipe_params, s->values.recipe},
                                  {own_params, s->own}};
    return tables[number];
}

static bool is_settable(const tl_param *param)
{
    return param != &tl_model_params[TL_MODEL_KIND] &&
           param != &tl_model_params[TL_MODEL_FILE] &&
           param != &tl_model_params[TL_MODEL_ACCURACY] &&
           param != &tl_recipe_params[TL_RECIPE_EPOCHS];
}

static tl_status refuse(settings *s, const char *name, tl_err *err)
{
    tl_text names = {0};
    for (int t = 0; t < TABLES; t++) {
        for (const tl_param *p = table_of(s, t).params; p->name; p++) {
            if (!is_settable(p)) continue;
            tl_text_print(&names, "%s%s", names.length ? ", " : "", p->name);
        }
    }
    (void)tl_fail(err, TL_E_ARG, "bench train has no setting '%.40s'; allowed: %s", name,
                  names.at);
    tl_text_close(&names);
    return TL_E_ARG;
}

/* One NAME=VALUE. */
static tl_status set_one(settings *s, const char *text, tl_err *err)
{
    const char *equals = strchr(text, '=');
    TL_CHECK(equals && equals - text < LONGEST_NAME, err, TL_E_ARG,
             "--set needs NAME=VALUE, found '%.60s'", text);
    char name[LONGEST_NAME];
    (void)snprintf(name, sizeof name, "%.*s", (int)(equals - text), text);
    for (int t = 0; t < TABLES; t++) {
        const table at = table_of(s, t);
        for (int i = 0; at.params[i].name; i++) {
            const tl_param *param = &at.params[i];
            if (is_settable(param) && strcmp(param->name, name) == 0) {
                return tl_param_read(param, name, equals + 1, &at.value[i], err);
            }
        }
    }
    return refuse(s, name, err);
}

static int integer(const tl_value *value)
{
    return (int)value->number;
}

/* Rows of an epoch of whole updates. */
static double rows_of(const tl_setup *setup, int wanted)
{
    if (wanted) return wanted;
    const double update = (double)setup->recipe.batch * setup->recipe.accumulate;
    const double flop = tl_model_train_flop(&setup->model) * update;
    double updates = ceil(EPOCH_FLOP / (flop + 1.0));
    if (updates * update > MOST_ROWS) updates = floor(MOST_ROWS / update);
    if (updates < LEAST_UPDATES) updates = LEAST_UPDATES;
    return updates * update;
}

tl_status tl_bench_job_read(const char *model, const char *const *set, int sets,
                            tl_bench_job *out, tl_err *err)
{
    settings s = {0};
    for (int t = 0; t < TABLES; t++) {
        const table at = table_of(&s, t);
        tl_params_defaults(at.params, at.value);
    }
    TL_TRY(tl_param_read(&tl_model_params[TL_MODEL_KIND], "model", model,
                         &s.values.model[TL_MODEL_KIND], err));
    for (int i = 0; i < sets; i++) TL_TRY(set_one(&s, set[i], err));
    const bool reads_tokens =
        tl_model_reads_tokens((tl_model_kind)integer(&s.values.model[TL_MODEL_KIND]));
    const int side = integer(&s.own[SIDE]);
    const tl_shape shape = reads_tokens ? (tl_shape){1, 1, integer(&s.own[CONTEXT])}
                                        : (tl_shape){integer(&s.own[CHANNELS]), side, side};
    const int classes = integer(&s.own[reads_tokens ? VOCABULARY : CLASSES]);
    const tl_setup setup = tl_setup_of(&s.values, shape, classes);
    TL_TRY(tl_model_check(&setup.model, err));
    const double rows = rows_of(&setup, integer(&s.own[ROWS]));
    TL_CHECK(rows * tl_shape_size(shape) <= NUMBERS, err, TL_E_ARG,
             "%.0f rows of %d numbers are too many: at most %d numbers in all", rows,
             tl_shape_size(shape), NUMBERS);
    *out = (tl_bench_job){.setup = setup, .rows = (int)rows};
    return TL_OK;
}

void tl_bench_job_help(void (*print)(const char *name, const char *about))
{
    settings s = {0};
    for (int t = 0; t < TABLES; t++) {
        for (const tl_param *p = table_of(&s, t).params; p->name; p++) {
            char text[32], about[400];
            (void)snprintf(about, sizeof about, "%s; default %s", p->about,
                           tl_param_default(p, text));
            if (is_settable(p)) print(p->name, about);
        }
    }
}
