/*
 * Output defence: the service answers less than the model says. In this order: softer or
 * sharper scores (temperature), normal noise, only the label, or only the largest scores,
 * with fewer digits. Noise is drawn from the question, so that equal questions get equal
 * answers and cannot be averaged. Source: Tramer, Zhang, Juels, Reiter, Ristenpart 2016,
 * Stealing machine learning models via prediction APIs, section 7 (rounding, labels only);
 * Shokri, Stronati, Song, Shmatikov 2017, Membership inference attacks against machine
 * learning models, section VIII (top classes, rounding, temperature); Lee, Edwards, Molloy,
 * Su 2018, Defending against neural network model stealing attacks using deceptive
 * perturbations (noise).
 */
#include "experiments/stage/stage.h"

#include <math.h>

/* As `params` describes them. */
typedef struct arguments {
    int digits, top_k;
    bool label_only;
    double temperature, noise;
} arguments;

enum { MOST_DIGITS = 7 };

/* --- each link on an answer of scores, row [classes] ------------------------------------
 */

/* softmax(logits / T), of logits or of the scores that they make. */
static void soften(double temperature, tl_answers kind, double *row, int classes)
{
    if (kind == TL_ANSWER_LOGITS) {
        for (int c = 0; c < classes; c++) row[c] /= temperature;
        return;
    }
    const double most = row[tl_answer_top(row, classes)];
    double sum = 0.0;
    for (int c = 0; c < classes; c++) {
        row[c] = row[c] > 0.0 ? pow(row[c] / most, 1.0 / temperature) : 0.0;
        sum += row[c];
    }
    for (int c = 0; c < classes; c++) row[c] /= sum;
}

/* Stays within 0..1; no longer sums to 1, as the noise of one score tells of no other. */
static void add_noise(tl_rng rng, double sd, double *row, int classes)
{
    for (int c = 0; c < classes; c++) {
        const double noisy = row[c] + sd * tl_rng_normal(&rng);
        row[c] = noisy < 0.0 ? 0.0 : (noisy > 1.0 ? 1.0 : noisy);
    }
}

/* Zeroes all but the `kept` largest scores, the first of equal ones. What is dropped is
 * marked by its sign, so that it still counts for the others. */
static void keep_top(int kept, double *row, int classes)
{
    for (int c = 0; c < classes; c++) {
        int above = 0;
        for (int d = 0; d < classes; d++) {
            const double own = fabs(row[c]), other = fabs(row[d]);
            above += other > own || (other == own && d < c);
        }
        if (above >= kept) row[c] = -row[c];
    }
    for (int c = 0; c < classes; c++) row[c] = row[c] > 0.0 ? row[c] : 0.0;
}

static void round_to(int digits, double *row, int classes)
{
    const double unit = pow(10.0, digits);
    for (int c = 0; c < classes; c++) row[c] = round(row[c] * unit) / unit;
}

static void answer(const tl_service_link *link, const tl_query *query, void *state,
                   double *row)
{
    const arguments *arg = link->self;
    const int classes = query->classes;
    (void)state;
    if (arg->temperature != 1.0) soften(arg->temperature, query->kind, row, classes);
    if (query->kind == TL_ANSWER_LOGITS) return; /* nothing below lets them through */
    if (arg->noise > 0.0) add_noise(tl_link_rng(link, query), arg->noise, row, classes);
    /* A label is the service's own reading, of scores that nothing has rounded. */
    if (query->kind == TL_ANSWER_LABELS) return;
    if (arg->label_only) {
        tl_answer_keep_label(row, classes);
        return;
    }
    if (arg->top_k > 0 && arg->top_k < classes) keep_top(arg->top_k, row, classes);
    if (arg->digits > 0) round_to(arg->digits, row, classes);
}

/* --- the stage ------------------------------------------------------------------------ */

static bool withholds_logits(const void *args)
{
    const arguments *arg = args;
    return arg->digits > 0 || arg->top_k > 0 || arg->label_only || arg->noise > 0.0;
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    arguments *own;
    tl_service_link *link;
    TL_ALLOC_RECORDS(own, scene->keep, 1, err);
    TL_ALLOC_RECORDS(link, scene->keep, 1, err);
    *own = *(const arguments *)scene->args;
    *link = (tl_service_link){.name = "defense.output",
                              .gives_logits = !withholds_logits(own),
                              .stream = tl_scene_rng(scene, "noise"),
                              .self = own,
                              .answer = answer};
    return tl_service_add(scene->world->service, link, scene->keep, &scene->given->service,
                          err);
}

static const tl_param params[] = {
    {TL_ARG(arguments, digits), .type = TL_PARAM_INT, .high = MOST_DIGITS,
     .about = "scores are rounded to so many decimals (0: not rounded)"},
    {TL_ARG(arguments, top_k), .type = TL_PARAM_INT, .high = 1e6,
     .about = "only so many of the largest scores are answered, the others are 0 (0: all)"},
    {TL_ARG(arguments, label_only), .type = TL_PARAM_BOOL,
     .about = "only the top class is answered: its score is 1"},
    {TL_ARG(arguments, temperature), .type = TL_PARAM_REAL, .fallback = 1, .low = 0.01,
     .high = 1000, .about = "logits are divided by it: above 1 scores are softer"},
    {TL_ARG(arguments, noise), .type = TL_PARAM_REAL, .high = 1,
     .about = "standard deviation of normal noise on each score, the same for equal "
              "questions; scores stay within 0 to 1"},
    {0}};

const tl_stage tl_stage_defense_output = {
    .name = "defense.output",
    .about = "the service answers less: rounded, top-k, noisy or soft scores, or labels",
    .source = "Tramer, Zhang, Juels, Reiter, Ristenpart 2016, Stealing machine learning "
              "models via prediction APIs; Shokri, Stronati, Song, Shmatikov 2017, "
              "Membership inference attacks against machine learning models",
    .variant = "In the order temperature, noise, largest scores, digits, label. Noise is "
               "fixed by the question, independent for each score, clipped to 0 to 1; "
               "noisy, cut or rounded scores need not sum to 1. It alters what the service "
               "answers alone: attackers with weights or gradients, and the experimenter's "
               "own measurements of the target, see the bare model.",
    .version = 1,
    .flow = TL_NO_FLOW,
    .role = TL_ROLE_DEFENSE,
    .taxonomy = "output perturbation",
    .reads = TL_BIT(TL_PART_SERVICE),
    .gives = TL_BIT(TL_PART_SERVICE),
    .draws = true,
    .params = params,
    .run = run,
    .withholds_logits = withholds_logits,
};
