/* runner/plan: what plans say, what is refused and where. No files: data are generated. */
#include "runner/plan/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#define DATA                                                                          \
    "data: {source: synthetic/lesions, split: {pool: 60, keep: 0.5, validation: 20, " \
    "attacker: 40, test: 40}}\n"
#define TOKENS "data: {source: synthetic/markov, split: {pool: 60, test: 40}}\n"
#define CHAIN                                                                         \
    "chain:\n"                                                                        \
    "  - one_of:\n"                                                                   \
    "      as: poison\n"                                                              \
    "      options: [none, d2m.label_flip: {rate: 0.05}, d2m.badnets: {rate: [0.02, " \
    "0.1]}]\n"                                                                        \
    "  - train\n"                                                                     \
    "  - measure.utility\n"

static tl_status parse_set(const char *text, const char *const *set, int sets,
                           tl_plan **plan, tl_err *err)
{
    const tl_plan_options options = {.set = set, .sets = sets, .is_shared = true};
    *plan = NULL;
    return tl_plan_parse("p.yaml", text, &options, plan, err);
}

static tl_plan *must_parse(const char *text, const char *const *set, int sets)
{
    tl_plan *plan;
    tl_err err = {0};
    if (parse_set(text, set, sets, &plan, &err) != TL_OK) fail_msg("%s", err.text);
    return plan;
}

typedef struct size_case {
    const char *text;
    uint32_t cells, trials;
    int axes, inners;
} size_case;

static void axes_multiply_unless_told_otherwise(void **state)
{
    (void)state;
    static const size_case cases[] = {
        {DATA "chain: [train]\n", 1, 1, 0, 0},
        {DATA "replicates: 3\nchain: [train]\n", 1, 3, 0, 0},
        {DATA "replicates: 8..23\nchain: [train]\n", 1, 16, 0, 0},
        {DATA "replicates: {data: 4..6, training: 2}\nchain: [train]\n", 1, 6, 0, 0},
        {DATA "model: {width: [4, 8]}\nrecipe: {epochs: [1, 2, 3]}\nchain: [train]\n", 6, 6,
         2, 0},
        {DATA CHAIN "replicates: 2\n", 4, 8, 1, 1},
        {DATA "model: {width: [4, 8]}\n" CHAIN, 8, 8, 2, 1},
        {DATA "model: {width: [4, 8]}\nrecipe: {epochs: [1, 2]}\nchain: [train]\n"
              "sweep: {zip: [[model.width, recipe.epochs]]}\n",
         2, 2, 2, 0},
        {DATA "model: {width: [4, 8]}\n" CHAIN "exclude: [{poison: none, width: 8}]\n", 7,
         7, 2, 1},
        {DATA "model: {width: [4, 8]}\n" CHAIN "exclude: [{badnets.rate: 0.02}]\n", 6, 6, 2,
         1},
        {DATA "chains: {a: [train], b: [d2m.label_flip: {rate: [0.1, 0.2]}, train]}\n", 3,
         3, 2, 0},
        {DATA "chain:\n  - one_of: {as: way, options: [[d2m.label_flip, train], train]}\n",
         2, 2, 1, 0},
        {DATA "chain:\n  - d2m.badnets: {rate: [0, 0.1], size: [1, 2], as: door}\n"
              "  - train\n",
         4, 4, 2, 0},
        {"data: {source: synthetic/lesions, split: {pool: [60, 80], test: 40}}\n"
         "chain: [train]\n",
         2, 2, 1, 0},
        {DATA "chain: [train, {rounds: 1}]\n", 1, 1, 0, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_plan *plan = must_parse(cases[i].text, NULL, 0);
        assert_int_equal(plan->cells, cases[i].cells);
        assert_int_equal(plan->trials, cases[i].trials);
        assert_int_equal(plan->axes, cases[i].axes);
        assert_int_equal(plan->inners, cases[i].inners);
        tl_plan_close(plan);
    }
}

typedef struct fault_case {
    const char *text;
    const char *wanted; /* how the message begins */
} fault_case;

static const fault_case faults[] = {
    {"", "p.yaml:1:1: a plan must be a map"},
    {"[a]\n", "p.yaml:1:1: a plan must be a map"},
    {"data:\n\tsource: x\n", "p.yaml:2:1: not YAML: tab"},
    {"% \xd8", "p.yaml:1:3: not YAML: the byte 0xd8 is not UTF-8"},
    {"name: a\nabout: \"\x1b[2J\"\n",
     "p.yaml:2:9: not YAML: the byte 0x1b is a control character"},
    {"data: {source: ../x.npz}\nchain: [train]\n",
     "p.yaml:1:16: the source '../x.npz' contains '..'"},
    {"data: {source: [synthetic/lesions, /a/../x.npz]}\nchain: [train]\n",
     "p.yaml:1:16: the source '/a/../x.npz' contains '..'"},
    {"data: {source: medmnist/..}\nchain: [train]\n",
     "p.yaml:1:16: the source 'medmnist/..' contains '..'"},
    {"data: {source: a..b}\nchain: [train]\n", "p.yaml:1:16: unknown data source"},
    {"data: [1\n", "p.yaml:"},
    {"data: &a {source: x}\n", "p.yaml:1:"},
    {"data: *a\n", "p.yaml:1:7: aliases"},
    {"data: !x 1\n", "p.yaml:1:"},
    {"seed: 1\nseed: 2\n", "p.yaml:2:1: duplicate key 'seed'"},
    {"chain: [train]\n", "p.yaml:1:1: a plan needs `data`"},
    {"chian: [train]\n", "p.yaml:1:1: unknown key 'chian': did you mean 'chain'?"},
    {DATA "seed: 1\n", "p.yaml:1:1: a plan needs either `chain`"},
    {DATA "chain: [trian]\n", "p.yaml:2:9: unknown stage 'trian': did you mean 'train'?"},
    {DATA "chain: []\n",
     "p.yaml:2:8: a chain must be a list of stages, found an empty list"},
    {DATA "chain: [train, d2m.badnets: {rte: 0.1}]\n",
     "p.yaml:2:30: unknown key of d2m.badnets: 'rte': did you mean 'rate'?"},
    {DATA "chain: [d2m.badnets: {rate: 2}, train]\n",
     "p.yaml:2:29: d2m.badnets.rate is 2, allowed is from 0 to 1"},
    {DATA "chain: [d2m.badnets: {rate: high}, train]\n",
     "p.yaml:2:29: d2m.badnets.rate must be a number, found 'high'"},
    {DATA "chain: [d2m.badnets: {rate: nan}, train]\n",
     "p.yaml:2:29: d2m.badnets.rate must be a number"},
    {DATA "chain: [d2m.badnets: {size: 1.5}, train]\n",
     "p.yaml:2:29: d2m.badnets.size must be a whole number, found '1.5'"},
    {DATA "chain: [d2m.badnets: {rate: []}, train]\n",
     "p.yaml:2:29: d2m.badnets.rate is an empty list"},
    {DATA "chain: [d2m.badnets: {rate: [0.1, 0.10]}, train]\n",
     "p.yaml:2:35: duplicate level '0.10' of d2m.badnets.rate"},
    {DATA "chain: [train]\nrecipe: {lr: [3, 2, 1, 2.0, 3.0]}\n",
     "p.yaml:3:24: duplicate level '2.0' of recipe.lr"},
    {DATA "recipe: {lr: 0}\nchain: [train]\n",
     "p.yaml:2:14: recipe.lr is 0, allowed is above 0 up to 100"},
    {DATA "model: {kind: cn}\nchain: [train]\n",
     "p.yaml:2:15: model.kind cannot be 'cn' (did you mean 'cnn'?); allowed: mlp, cnn,"},
    {DATA "replicates: -1\nchain: [train]\n",
     "p.yaml:2:13: replicates must be a number from 1 or a range like 8..23, found -1"},
    {DATA "replicates: 0\nchain: [train]\n", "p.yaml:2:13: replicates must be"},
    {DATA "replicates: 5..2\nchain: [train]\n", "p.yaml:2:13: replicates must be"},
    {DATA "replicates: {data: 4}\nchain: [train]\n",
     "p.yaml:2:13: crossed replicates need both, like replicates: {data: 4, training: 4}"},
    {DATA "replicates: {data: 4, training: 2..3}\nchain: [train]\n",
     "p.yaml:2:33: replicates.training must be a number from 1 to 255, found 2..3"},
    {DATA "replicates: {data: 4, training: 0}\nchain: [train]\n",
     "p.yaml:2:33: replicates.training must be a number from 1"},
    {DATA "replicates: {data: x, training: 2}\nchain: [train]\n",
     "p.yaml:2:20: replicates.data must be a number from 1 or a range like 8..23, found x"},
    {DATA "replicates: {data: 4, trainin: 2}\nchain: [train]\n",
     "p.yaml:2:23: unknown key of replicates: 'trainin': did you mean 'training'?"},
    {DATA "replicates: {data: 1000000, training: 200}\nchain: [train]\n",
     "p.yaml:2:13: data draws times training seeds must be at most"},
    {DATA "replicates: 16777217\nchain: [train]\n",
     "p.yaml:2:13: replicates must be at most"},
    {DATA "chain: [measure.utility, train]\n",
     "p.yaml:2:9: measure.utility reads the target, which no stage before it gives; put "
     "train before it"},
    {DATA "chain: [d2m.badnets, defense.provenance_filter, train]\n",
     "p.yaml:2:22: defense.provenance_filter reads the marks, which no stage before it gives; put "
     "defense.data_watermark before it"},
    {DATA "chain: [train, d2m.badnets]\n",
     "p.yaml:2:16: nothing is trained after d2m.badnets, so what it plants cannot be judged"},
    {DATA "chain: [d2m.label_flip, d2m.label_flip, train]\n",
     "p.yaml:2:25: duplicate stage 'd2m_label_flip' (the first is in line 2)"},
    {DATA "chain: [d2m.label_flip: {as: a}, d2m.badnets: {as: a}, train]\n",
     "p.yaml:2:52: the name 'a' is already used by d2m.label_flip"},
    {DATA "chain: [train: {as: 9x}]\n", "p.yaml:2:21: `as: 9x`"},
    {DATA "chain:\n  - one_of: {as: a_accuracy, options: [none, d2m.label_flip]}\n"
          "  - train\n  - measure.utility: {as: a}\n",
     "p.yaml:5:27: the axis and measure.utility would both have the column a_accuracy of"},
    {DATA "chain: [train, measure.utility: {as: a}, measure.utility: {as: a_train}]\n",
     "p.yaml:2:64: measure.utility and measure.utility would both have the column "
     "a_train_accuracy of"},
    {DATA "chain: [train, {rounds: 3}]\n",
     "p.yaml:2:17: a second round would repeat the first"},
    {DATA "chain: [train, {rounds: 0}]\n",
     "p.yaml:2:25: rounds is 0, allowed is from 1 to 64"},
    {DATA "chain: [train, {rounds: [1, 2]}]\n", "p.yaml:2:17: rounds must be one number"},
    {DATA "chain: [train, {laps: 2}]\n",
     "p.yaml:2:17: unknown stage 'laps': did you mean 'rounds'?"},
    {DATA "chain: [train, rounds]\n", "p.yaml:2:16: rounds must be one number"},
    {DATA "chain: [{rounds: 1}, train]\n", "p.yaml:2:10: rounds must be the last entry"},
    {DATA "chain: [train, m2m.model_extraction, {rounds: 40}]\n",
     "p.yaml:2:39: 40 rounds of this chain make more than 64 entries"},
    {DATA "chain: [train, m2d.inversion, m2m.model_extraction: {queries: 30},\n"
          "        m2d.surrogate_inversion, rounds: 2]\n",
     "p.yaml:3:9: what m2d_inversion recovers would be lost: m2d_surrogate_inversion "
     "replaces it unused"},
    {DATA "chain: [train, m2d.inversion, m2d.inversion: {as: more}, d2d.use_recovered]\n",
     "p.yaml:2:51: what m2d_inversion recovers would be lost: more replaces it"},
    {DATA "chain:\n  - one_of: {as: x, options: [none, {rounds: 2}]}\n  - train\n",
     "p.yaml:3:38: rounds repeats the whole chain, so it cannot be an option of a one_of"},
    {DATA "chain: [train]\nsweep: {sobol: 5}\n",
     "p.yaml:3:9: sobol sampling is not available"},
    {DATA "model: {width: [4, 8]}\nchain: [train]\nexclude: [{width: [4, 8]}]\n",
     "p.yaml:4:10: exclude drops all 2 combinations"},
    {DATA "model: {width: [4, 8]}\nchain: [train]\nexclude: [{wdith: 4}]\n",
     "p.yaml:4:12: unknown axis 'wdith'"},
    {DATA "model: {width: [4, 8]}\nrecipe: {epochs: [1, 2, 3]}\nchain: [train]\n"
          "sweep: {zip: [[model.width, recipe.epochs]]}\n",
     "p.yaml:5:29: recipe_epochs has 3 levels, but model_width has 2"},
    {DATA CHAIN "hypotheses: [{effect: poisn, on: train_loss, direction: raises}]\n",
     "p.yaml:8:23: unknown factor 'poisn': did you mean 'poison'?"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_los, direction: raises}]\n",
     "p.yaml:8:35: unknown metric 'train_los': did you mean 'train_loss'?"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_loss, direction: up}]\n",
     "p.yaml:8:58: unknown direction 'up'"},
    {DATA CHAIN "hypotheses: [{effect: badnets.rate, on: train_loss, direction: raises, "
                "level: trend}]\n",
     "p.yaml:8:79: 'd2m_badnets_rate' has no trend; it must be an axis over 3 numbers or "
     "more"},
    {DATA CHAIN "hypotheses: [{effect: badnets.rate, on: train_loss, direction: raises, "
                "level: 0.3}]\n",
     "p.yaml:8:79: unknown level of d2m_badnets_rate: '0.3'"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_loss, direction: raises, "
                "against: d2m.badnet}]\n",
     "p.yaml:8:75: unknown level of poison: 'd2m.badnet': did you mean 'd2m.badnets'?"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_loss, direction: raises, "
                "level: none, against: none}]\n",
     "p.yaml:8:88: level and against are both 'none'"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_loss, direction: raises, "
                "at: {poisn: none}}]\n",
     "p.yaml:8:71: unknown factor 'poisn': did you mean 'poison'?"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_loss, direction: raises, "
                "at: {poison: none}}]\n",
     "p.yaml:8:71: poison is what the effect compares: it cannot be a condition"},
    {DATA CHAIN "hypotheses: [{effect: badnets.rate, on: train_loss, direction: raises, "
                "at: {poison: d2m.badnet}}]\n",
     "p.yaml:8:85: unknown level of poison: 'd2m.badnet': did you mean 'd2m.badnets'?"},
    {DATA CHAIN "hypotheses: [{effect: badnets.rate, on: train_loss, direction: raises, "
                "at: poison}]\n",
     "p.yaml:8:76: at must be a map of at most 8 factors"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_loss, direction: changes, "
                "one_sided: true}]\n",
     "p.yaml:8:78: a one-sided test needs the direction raises or lowers"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_loss, direction: changes, "
                "margin: 0}]\n",
     "p.yaml:8:75: margin"},
    {DATA CHAIN "hypotheses: [{effect: 'poison:badnets.rate', on: train_loss, direction: "
                "changes}]\n",
     "p.yaml:8:23: poison and d2m_badnets_rate do not vary apart"},
    {DATA "recipe: {epochs: [1, 2]}\n" CHAIN
          "hypotheses: [{effect: 'poison:epochs', on: train_loss, direction: changes, "
          "level: none}]\n",
     "p.yaml:9:83: 'none' is one level; an interaction has two"},
    {DATA "recipe: {epochs: [1, 2]}\n" CHAIN
          "hypotheses: [{effect: 'poison:epochs', on: train_loss, direction: changes, "
          "level: 'd2m.badnets:3'}]\n",
     "p.yaml:9:83: unknown level of recipe_epochs: '3'"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_loss, direction: raises, "
                "level: trend}]\n",
     "p.yaml:8:73: unknown level of poison: 'trend'"},
    {DATA CHAIN "hypotheses: [{effect: poison, on: train_loss, direction: raises, "
                "claim: ''}]\n",
     "p.yaml:8:73: a claim must be one line of at most 300 letters"},
    {DATA CHAIN
     "hypotheses: [{effect: poison, on: train_loss_round2, direction: raises}]\n",
     "p.yaml:8:35: unknown metric 'train_loss_round2'; allowed: d2m_label_flip_rows, "},
    {"data: {source: synthetic/lesions, split: {pool: 4000, test: 40}, examples: 100}\n"
     "chain: [train]\n",
     "p.yaml:1:42: the roles need pool 4000"},
    {"data: {source: synthetic/lesion}\nchain: [train]\n", "p.yaml:1:16: "},
    {"data: {source: synthetic/lesions, split: half}\nchain: [train]\n",
     "p.yaml:1:42: data.split must be a map"},
    {DATA "chain: [d2m.badnets: {target: 7}, train]\n",
     "p.yaml:2:9: target is class 7, but the data has the classes 0 to 3"},
    {DATA "model: {layers: 9}\nchain: [train]\n", "p.yaml:2:8: a cnn of 9 layers does not"},
    {"data: {source: synthetic/lesions, classes: 11}\nchain: [train]\n",
     "p.yaml:1:16: synthetic/lesions has 2 to 10 classes, not 11"},
    {TOKENS "chain: [d2m.badnets, train]\n",
     "p.yaml:2:9: d2m.badnets works on images, but synthetic/markov gives tokens"},
    {TOKENS "chain: [train, m2d.inversion]\n",
     "p.yaml:2:16: m2d.inversion works on images, but synthetic/markov gives tokens"},
    {TOKENS "model: {kind: mlp}\nchain: [train]\n",
     "p.yaml:2:15: model.kind mlp works on images, but synthetic/markov gives tokens"},
    {TOKENS "chain: [train]\n",
     "p.yaml:1:1: model.kind cnn works on images, but synthetic/markov gives tokens"},
    {"data: {source: synthetic/markov, context: 1}\nchain: [train]\n",
     "p.yaml:1:43: data.context is 1, allowed is from 2 to 65536"},
    {"data: {source: synthetic/markov, classes: 65537}\nchain: [train]\n",
     "p.yaml:1:43: data.classes is 65537, allowed is from 2 to 65536"},
    {DATA "chain:\n  - one_of: {as: x, options: [none, none]}\n  - train\n",
     "p.yaml:3:37: duplicate option 'none'"},
    {DATA "chain: [train]\nstore: scores\n",
     "p.yaml:3:8: store must be a list like [scores, curves, images], found a text"},
    {DATA "chain: [train, m2d.global_threshold]\nstore: [scores, curvs]\n",
     "p.yaml:3:17: unknown kind in store: 'curvs': did you mean 'curves'?"},
    {DATA "chain: [train, m2d.global_threshold]\nstore: [scores, [curves]]\n",
     "p.yaml:3:17: store lists words, found a list"},
    {DATA "chain: [train, m2d.global_threshold]\nstore: [scores, curves, scores]\n",
     "p.yaml:3:25: duplicate 'scores' in store"},
    {DATA "chain: [train, m2d.global_threshold]\nstore: [scores, images]\n",
     "p.yaml:3:17: no stage of this plan hands over images; these do: m2d.inversion"},
};

static void a_plan_that_cannot_run_is_refused_at_its_place(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        tl_plan *plan;
        tl_err err = {0};
        const tl_status status = parse_set(faults[i].text, NULL, 0, &plan, &err);
        tl_plan_close(plan);
        if (status == TL_OK ||
            strncmp(err.text, faults[i].wanted, strlen(faults[i].wanted)) != 0) {
            print_error("case %zu: wanted \"%s\", found \"%s\"\n", i, faults[i].wanted,
                        err.text);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

/* Nobody uses either, or somebody uses the first before the second comes. */
static void two_inversions_may_stand_where_nothing_is_lost(void **state)
{
    (void)state;
    static const char *const chains[] = {
        "chain: [train, m2d.inversion, m2d.inversion: {as: more}]\n",
        "chain: [train, m2d.inversion, d2d.use_recovered: {as: used}, m2d.inversion: {as: "
        "more}, rounds: 3]\n",
        "chain:\n  - train\n  - one_of:\n      as: from\n"
        "      options: [m2d.inversion, m2d.inversion: {as: more}]\n  - rounds: 2\n"};
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        char text[1000];
        tl_plan *plan;
        tl_err err = {0};
        (void)snprintf(text, sizeof text, "%s%s", DATA, chains[i]);
        if (parse_set(text, NULL, 0, &plan, &err) != TL_OK) fail_msg("%s", err.text);
        tl_plan_close(plan);
    }
}

static void too_many_trials_are_refused(void **state)
{
    (void)state;
    char text[40000] = DATA "chain: [train]\nmodel: {width: [1";
    size_t length = strlen(text);
    for (int i = 2; i <= 4000; i++) {
        length += (size_t)snprintf(text + length, sizeof text - length, ",%d", i);
    }
    (void)snprintf(text + length, sizeof text - length, "]}\nreplicates: 5000\n");
    tl_plan *plan;
    tl_err err = {0};
    assert_int_equal(parse_set(text, NULL, 0, &plan, &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "more than 2097152 trials"));
}

static void deep_nesting_is_refused(void **state)
{
    (void)state;
    char text[4096] = "data: ";
    memset(text + 6, '[', 3000);
    tl_plan *plan;
    tl_err err = {0};
    assert_int_equal(parse_set(text, NULL, 0, &plan, &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "nested deeper"));
}

/* Appends ".00001,.00002,..." */
static void list_numbers(tl_text *text, int count)
{
    for (int i = 1; i <= count; i++) tl_text_print(text, "%s.%05d", i > 1 ? "," : "", i);
}

static void what_would_take_for_ever_is_refused(void **state)
{
    (void)state;
    static const char *const words[] = {"p.yaml:1025:1: more than 1024 keys in one map",
                                        "more than 4096 values of one axis to exclude",
                                        "exclude has too many values"};
    for (int k = 0; k < 3; k++) {
        tl_text text = {0};
        for (int i = 0; k == 0 && i < 2000; i++) tl_text_print(&text, "k%d: 1\n", i);
        if (k > 0) {
            tl_text_add(&text, DATA "chain: [train]\nrecipe: {weight_decay: [");
            list_numbers(&text, k == 1 ? 2 : 20000);
            tl_text_add(&text, "]}\nexclude:\n  - {weight_decay: [");
            list_numbers(&text, k == 1 ? 5000 : 4000);
            tl_text_add(&text, "]}\n");
        }
        tl_plan *plan;
        tl_err err = {0};
        assert_int_equal(parse_set(text.at, NULL, 0, &plan, &err), TL_E_ARG);
        if (!strstr(err.text, words[k])) fail_msg("%s", err.text);
        tl_text_close(&text);
    }
}

static void canonical_text_is_a_fixed_point(void **state)
{
    (void)state;
    static const char text[] =
        "about: \"a: \\\"b\\\" #c\\n\\u00e4\"\n" DATA "model: {width: [4, 8]}\n" CHAIN
        "exclude: [{poison: none, width: 8}]\n";
    tl_plan *first = must_parse(text, NULL, 0);
    tl_plan *second = must_parse(first->text, NULL, 0);
    assert_string_equal(first->text, second->text);
    assert_string_equal(first->about, second->about);
    assert_string_equal(second->about, "a: \"b\" #c\n\xc3\xa4");
    assert_int_equal(first->cells, second->cells);
    assert_string_equal(first->name, "p");
    tl_plan_close(first);
    tl_plan_close(second);
}

static void set_reaches_every_part_of_a_plan(void **state)
{
    (void)state;
    static const char *const set[] = {"badnets.rate=[0.1, 0.2, 0.3]",
                                      "d2m.label_flip.rate=0.5",
                                      "recipe.epochs=[1,2]",
                                      "data.split.pool=80",
                                      "seed=9",
                                      "replicates=2..3",
                                      "poison=[none, badnets]",
                                      "train.as=fit",
                                      "rounds=1"};
    tl_plan *plan = must_parse(DATA CHAIN "  - rounds: 2\n", set, sizeof set / sizeof *set);
    assert_int_equal(plan->seed, 9);
    assert_int_equal(plan->first_replicate, 2);
    assert_int_equal(plan->replicates, 2);
    assert_int_equal(plan->cells, 2 * 4);
    assert_string_equal(plan->axis[0].name, "recipe_epochs");
    assert_string_equal(plan->axis[1].name, "poison");
    assert_int_equal(plan->axis[1].levels, 4);
    assert_string_equal(plan->inner[0].name, "d2m_badnets_rate");
    assert_non_null(strstr(plan->text, "pool: 80"));
    tl_plan_close(plan);
}

static void set_is_checked_like_the_rest(void **state)
{
    (void)state;
    static const fault_case cases[] = {
        {"badnets.rate=2", "--set badnets.rate=2:1:1: d2m.badnets.rate is 2"},
        {"badnts.rate=0.1",
         "--set badnts.rate=0.1:1:1: unknown path of --set: 'badnts': did you mean "
         "'badnets'?"},
        {"recipe.epoch=3", "--set recipe.epoch=3:1:1: unknown key of recipe: 'epoch'"},
        {"seed", "--set seed: must be PATH=VALUE"},
        {"seed=[", "--set seed=[:2:1: not YAML"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        tl_plan *plan;
        tl_err err = {0};
        assert_int_equal(parse_set(DATA CHAIN, &cases[i].text, 1, &plan, &err), TL_E_ARG);
        if (strncmp(err.text, cases[i].wanted, strlen(cases[i].wanted)) != 0) {
            fail_msg("wanted \"%s\", found \"%s\"", cases[i].wanted, err.text);
        }
    }
}

static void cells_and_levels_are_inverse(void **state)
{
    (void)state;
    tl_plan *plan = must_parse(
        DATA "model: {width: [4, 8]}\nrecipe: {epochs: [1, 2, 3], batch: [8, 16]}\n" CHAIN
             "sweep: {zip: [[model.width, recipe.batch]]}\n"
             "exclude: [{poison: none, epochs: [2, 3]}]\n",
        NULL, 0);
    assert_int_equal(plan->cells, 2 * (3 * 4 - 2));
    for (uint32_t cell = 0; cell < plan->cells; cell++) {
        int level[TL_MAX_AXES];
        for (int a = 0; a < plan->axes; a++) level[a] = tl_plan_level(plan, cell, a);
        assert_int_equal(level[0], level[2]);
        assert_int_equal(tl_plan_cell(plan, level), cell);
    }
    const int excluded[] = {0, 1, 0, 0}, torn[] = {0, 0, 1, 1};
    assert_int_equal(tl_plan_cell(plan, excluded), -1);
    assert_int_equal(tl_plan_cell(plan, torn), -1);
    tl_plan_close(plan);
}

static void inner_values_belong_to_their_option(void **state)
{
    (void)state;
    tl_plan *plan = must_parse(DATA CHAIN, NULL, 0);
    const tl_inner *rate = &plan->inner[0];
    assert_string_equal(plan->axis[rate->axis].value[1].text, "d2m.label_flip");
    assert_false(rate->has[0]);
    assert_false(rate->has[1]);
    assert_true(rate->has[2] && rate->has[3]);
    assert_true(rate->value[2].number == 0.02 && rate->value[3].number == 0.1);
    tl_plan_close(plan);
}

static void what_is_stored_is_said_and_changes_no_key(void **state)
{
    (void)state;
    static const char *const set[] = {"store=[curves, scores]"}, *const none[] = {
                                                                     "store=[]"};
    tl_plan *plain = must_parse(DATA "chain: [train, m2d.global_threshold]\n", NULL, 0);
    tl_plan *stores = must_parse(DATA "chain: [train, m2d.global_threshold]\n", set, 1);
    tl_plan *empty = must_parse(stores->text, none, 1);
    const tl_stage *attack = tl_stage_find("m2d.global_threshold");
    assert_int_equal(plain->store, 0);
    assert_int_equal(empty->store, 0);
    assert_int_equal(stores->store, TL_STORE_SCORES | TL_STORE_CURVES);
    assert_int_equal(tl_plan_stores(stores, attack, TL_STEP_RUN), stores->store);
    assert_int_equal(tl_plan_stores(stores, attack, TL_STEP_JUDGE), 0);
    assert_int_equal(tl_plan_stores(stores, tl_stage_find("train"), TL_STEP_RUN), 0);
    tl_arena arena = tl_arena_open(0);
    tl_trial *one, *other;
    assert_int_equal(tl_trial_new(&arena, &one, NULL), TL_OK);
    assert_int_equal(tl_trial_new(&arena, &other, NULL), TL_OK);
    tl_trial_decode(plain, 0, one);
    tl_trial_decode(stores, 0, other);
    assert_int_equal(one->steps, other->steps);
    for (int i = 0; i < one->steps; i++)
        assert_true(tl_key_equal(&one->step[i].key, &other->step[i].key));
    tl_arena_close(&arena);
    tl_plan_close(plain);
    tl_plan_close(stores);
    tl_plan_close(empty);
}

static void a_hypothesis_may_name_a_trend_and_a_claim(void **state)
{
    (void)state;
    tl_plan *plan = must_parse(
        DATA
        "recipe: {epochs: [1, 2, 3]}\n"
        "chain: [{one_of: {as: poison, options: [none, d2m.label_flip: {rate: [0.1, 0.2, "
        "0.3]}]}}, train]\n"
        "hypotheses:\n"
        "  - {effect: recipe.epochs, on: train_loss, direction: lowers, level: trend}\n"
        "  - {effect: label_flip.rate, on: train_loss, direction: raises, level: trend, "
        "claim: noise slows learning}\n",
        NULL, 0);
    assert_int_equal(plan->hypotheses, 2);
    assert_string_equal(plan->hypothesis[0].level, "trend");
    assert_null(plan->hypothesis[0].claim);
    assert_string_equal(plan->hypothesis[1].effect, "d2m_label_flip_rate");
    assert_string_equal(plan->hypothesis[1].level, "trend");
    assert_string_equal(plan->hypothesis[1].claim, "noise slows learning");
    tl_plan_close(plan);
}

/* Names are those of the result file, whatever short form the plan has. */
static void a_hypothesis_may_name_levels_and_conditions(void **state)
{
    (void)state;
    tl_plan *plan = must_parse(
        DATA
        "recipe: {epochs: [1, 2], lr: [0.1, 1.0e-2]}\n"
        "chain: [{one_of: {as: poison, options: [none, d2m.label_flip: {rate: [0.1, 0.2]}, "
        "d2m.badnets: {rate: 0.1, size: 3}]}}, train]\n"
        "hypotheses:\n"
        "  - {effect: 'epochs:poison', on: train_loss, direction: lowers, level: "
        "'2:d2m.badnets', against: '1:d2m.label_flip'}\n"
        "  - {effect: poison, on: train_loss, direction: raises, one_sided: true, margin: "
        "0.02, at: {epochs: 2, lr: 0.010, label_flip.rate: 0.20}}\n",
        NULL, 0);
    const tl_hypothesis *h = plan->hypothesis;
    assert_string_equal(h[0].effect, "recipe_epochs:poison");
    assert_string_equal(h[0].level, "2:d2m.badnets");
    assert_string_equal(h[0].against, "1:d2m.label_flip");
    assert_true(h[0].conditions == 0 && !h[0].is_one_sided && h[0].margin == 0.0);
    assert_true(h[1].conditions == 3 && h[1].is_one_sided && h[1].margin == 0.02);
    static const char *const at[][2] = {
        {"recipe_epochs", "2"}, {"recipe_lr", "0.01"}, {"d2m_label_flip_rate", "0.2"}};
    for (int i = 0; i < 3; i++) {
        assert_string_equal(h[1].at[i].factor, at[i][0]);
        assert_string_equal(h[1].at[i].level, at[i][1]);
    }
    assert_string_equal(h[1].level, "");
    assert_string_equal(h[1].against, "");
    tl_plan_close(plan);
}

static void every_shipped_plan_can_be_read(void **state)
{
    (void)state;
    for (const tl_shipped_plan *p = tl_plans_shipped(); p->name; p++) {
        if (!strstr(p->text, "synthetic/")) continue; /* the others need their data */
        tl_plan *plan = must_parse(p->text, NULL, 0);
        assert_string_equal(plan->name, strstr(p->text, "name:") ? p->name : "p");
        tl_plan_close(plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(axes_multiply_unless_told_otherwise),
        cmocka_unit_test(a_plan_that_cannot_run_is_refused_at_its_place),
        cmocka_unit_test(two_inversions_may_stand_where_nothing_is_lost),
        cmocka_unit_test(too_many_trials_are_refused),
        cmocka_unit_test(deep_nesting_is_refused),
        cmocka_unit_test(what_would_take_for_ever_is_refused),
        cmocka_unit_test(canonical_text_is_a_fixed_point),
        cmocka_unit_test(set_reaches_every_part_of_a_plan),
        cmocka_unit_test(set_is_checked_like_the_rest),
        cmocka_unit_test(cells_and_levels_are_inverse),
        cmocka_unit_test(inner_values_belong_to_their_option),
        cmocka_unit_test(what_is_stored_is_said_and_changes_no_key),
        cmocka_unit_test(a_hypothesis_may_name_a_trend_and_a_claim),
        cmocka_unit_test(a_hypothesis_may_name_levels_and_conditions),
        cmocka_unit_test(every_shipped_plan_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
