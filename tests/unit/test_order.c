/* runner/plan: a stage whose result nobody meets is refused where it stands, with what
 * would help; chains in a sensible order pass. */
#include "runner/plan/plan.h"

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
#define TOKENS                                                                     \
    "data: {source: synthetic/markov, classes: 20, context: 8, split: {pool: 60, " \
    "attacker: 40, test: 40}}\nmodel: {kind: gpt, width: 4, heads: 2}\n"
#define THEFT "m2m.hidden_size: {kind: noise, queries: 30}"
#define THEFT_OF_SCORES "m2m.hidden_size: {kind: noise, queries: 30, answers: scores}"

/* A plan, and for one that is refused how the message begins and what would help. */
typedef struct order_case {
    const char *text, *wanted, *help;
} order_case;

static const order_case cases[] = {
    /* rows that nothing trains on */
    {DATA "chain: [train, d2m.label_flip, m2d.global_threshold]\n",
     "p.yaml:2:16: nothing is trained on the rows that d2m.label_flip gives",
     "put it before train"},
    {DATA "chain:\n  - train\n  - one_of: {as: p, options: [none, d2m.badnets]}\n",
     "p.yaml:4:37: nothing is trained after d2m.badnets", "put train after it"},
    {DATA "chain: [train, d2m.label_flip, m2d.shadow_lira: {models: 2}]\n", NULL, NULL},
    {DATA "chain: [train, d2m.label_flip, train: {as: again}]\n", NULL, NULL},
    {DATA "chain: [d2m.label_flip, train, m2d.global_threshold]\n", NULL, NULL},
    {DATA "chain: [train, d2m.label_flip, m2m.model_extraction: {queries: 40}, "
          "m2d.inversion, rounds: 2]\n",
     "p.yaml:2:16: nothing is trained on the rows that d2m.label_flip gives",
     "put it before train"},

    /* a service that nobody asks */
    {DATA "chain: [train, m2d.global_threshold, defense.output: {digits: 2}]\n",
     "p.yaml:2:38: nobody queries the target after defense.output",
     "put it before an attack that asks"},
    {DATA "chain: [train, defense.output: {digits: 2}, measure.utility]\n",
     "p.yaml:2:16: nobody queries the target after defense.output",
     "put it before an attack that asks"},
    {DATA "chain: [train, defense.output, m2d.global_threshold, "
          "defense.output: {as: more, digits: 2}]\n",
     "p.yaml:2:75: nobody queries the target after defense.output", "put it before"},
    /* the next round has a service of its own */
    {DATA "chain: [train, m2m.model_extraction: {queries: 40}, defense.output: {digits: "
          "2}, m2d.inversion, rounds: 2]\n",
     "p.yaml:2:53: nobody queries the target after defense.output", "put it before"},
    {DATA "chain: [defense.output, train, m2d.global_threshold]\n", NULL, NULL},
    {DATA "chain: [train, defense.output, train: {as: again}, measure.service]\n", NULL,
     NULL},
    {DATA "chain: [train, defense.output, defense.output: {as: more}, "
          "m2m.model_extraction: {queries: 40}]\n",
     NULL, NULL},

    /* a recipe by which nothing is trained */
    {DATA "chain: [train, defense.adversarial_training, m2d.global_threshold]\n",
     "p.yaml:2:16: nothing is trained after defense.adversarial_training",
     "put it before train"},
    {DATA
     "model: {kind: mlp, width: 2}\nchain: [train, defense.adversarial_training, " THEFT
     "]\n",
     "p.yaml:3:16: nothing is trained after defense.adversarial_training",
     "put it before train"},
    {DATA "chain: [defense.adversarial_training, train]\n", NULL, NULL},
    {DATA "chain: [train, defense.adversarial_training, "
          "m2m.model_extraction: {queries: 40}]\n",
     NULL, NULL},

    /* a judge without anything to judge */
    {DATA "chain: [train, judge]\n",
     "p.yaml:2:16: judge: no stage before it plants anything", "such as d2m.badnets"},
    {DATA "chain: [judge, d2m.badnets, train]\n",
     "p.yaml:2:9: judge: no stage before it plants anything", "put it after one"},
    {DATA "chain: [d2m.label_flip, train, judge]\n",
     "p.yaml:2:32: judge: ", "put it after"},
    {DATA "chain: [d2m.badnets, judge, train]\n",
     "p.yaml:2:22: judge: nothing that was planted can be judged yet",
     "put it after train"},
    {DATA "chain: [train: {as: before}, d2m.badnets, judge, train]\n",
     "p.yaml:2:43: judge: nothing that was planted can be judged yet",
     "put it after train"},
    {DATA "chain: [defense.data_watermark, judge, train]\n", NULL, NULL},
    {DATA
     "chain: [d2m.badnets, judge, train, m2d.inversion, m2m.model_extraction: {queries: "
     "40}, rounds: 2]\n",
     NULL, NULL},
    {DATA "chain: [d2m.badnets, train, judge]\n", NULL, NULL},
    {DATA "chain:\n  - one_of: {as: p, options: [none, d2m.badnets]}\n  - train\n"
          "  - judge\n",
     NULL, NULL},

    /* logits where the service gives none */
    {TOKENS "chain: [train, defense.output: {digits: 2}, " THEFT "]\n",
     "p.yaml:3:45: m2m.hidden_size asks for logits, but defense.output before it gives none",
     "ask for scores"},
    {TOKENS
     "chain: [train, defense.output: {noise: 0.01}, defense.output: {as: more}, " THEFT
     "]\n",
     "p.yaml:3:75: m2m.hidden_size asks for logits", "ask for scores"},
    {TOKENS "chain:\n  - train\n  - one_of: {as: link, options: [none, defense.output: "
            "{label_only: true}]}\n  - " THEFT "\n",
     "p.yaml:6:5: m2m.hidden_size asks for logits", "ask for scores"},
    {TOKENS "chain: [train, defense.output: {digits: [0, 2]}, " THEFT "]\n",
     "p.yaml:3:50: m2m.hidden_size asks for logits", "ask for scores"},
    {TOKENS "chain: [train, defense.output: {digits: 2}, m2m.hidden_size: {kind: noise, "
            "queries: 30, answers: [scores, logits]}]\n",
     "p.yaml:3:45: m2m.hidden_size asks for logits", "ask for scores"},
    {TOKENS "chain: [train, defense.output: {digits: 2}, " THEFT_OF_SCORES "]\n", NULL,
     NULL},
    {TOKENS "chain: [train, defense.output: {temperature: 3}, " THEFT "]\n", NULL, NULL},
    {TOKENS "chain: [train, " THEFT ", defense.output: {digits: 2}, measure.service]\n",
     NULL, NULL},
    /* the next round's service is plain again */
    {DATA "model: {kind: mlp, width: 2}\nchain: [train, " THEFT
          ", defense.output: {digits: 2}, m2m.model_extraction: {queries: 40}, "
          "m2d.inversion, rounds: 2]\n",
     NULL, NULL},
};

/* Whether the case holds; says what was found where it does not. */
static bool is_as_said(const order_case *c)
{
    const tl_plan_options options = {.is_shared = true};
    tl_plan *plan = NULL;
    tl_err err = {0};
    const tl_status status = tl_plan_parse("p.yaml", c->text, &options, &plan, &err);
    tl_plan_close(plan);
    if (!c->wanted && status == TL_OK) return true;
    if (c->wanted && status == TL_E_ARG &&
        strncmp(err.text, c->wanted, strlen(c->wanted)) == 0 && strstr(err.text, c->help)) {
        return true;
    }
    print_error("%swanted \"%s\" with \"%s\", found \"%s\"\n", c->text,
                c->wanted ? c->wanted : "no error", c->wanted ? c->help : "",
                status == TL_OK ? "no error" : err.text);
    return false;
}

static void what_nobody_meets_is_refused_and_a_sensible_order_passes(void **state)
{
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        wrong += !is_as_said(&cases[i]);
    assert_int_equal(wrong, 0);
}

/* Those on data sets that are not here, on generated data of some size. */
static void every_shipped_chain_is_in_order(void **state)
{
    (void)state;
    static const char data[] =
        "data: {source: synthetic/lesions, split: {pool: 400, keep: 0.5, validation: 50, "
        "attacker: 1000, test: 200}}";
    for (const tl_shipped_plan *p = tl_plans_shipped(); p->name; p++) {
        char text[20000];
        int length = snprintf(text, sizeof text, "%s", p->text);
        if (!strstr(p->text, "synthetic/")) {
            const char *own = strstr(p->text, "\ndata:"),
                       *rest = strstr(p->text, "\nmodel:");
            assert_true(own && rest && own < rest);
            length = snprintf(text, sizeof text, "%.*s\n%s%s", (int)(own - p->text),
                              p->text, data, rest);
        }
        assert_in_range(length, 1, (int)sizeof text - 1);
        const order_case passes = {text, NULL, NULL};
        assert_true(is_as_said(&passes));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_meets_is_refused_and_a_sensible_order_passes),
        cmocka_unit_test(every_shipped_chain_is_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
