/* Losses of tokens through a session: whatever the team, and what links make of them. */
#include "compute/train/holdout.h"
#include "experiments/stage/query_session.h"
#include "tests/support/team_threads.h"
#include "tests/support/toy_world.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

enum { CONTEXT = 8, ROWS = 70, MOST_WIDTH = 4 };

static void make_tokens(tl_setup_values *values)
{
    values->data[TL_DATA_SOURCE].text = "synthetic/markov";
    values->data[TL_DATA_CLASSES].number = 20;
    values->data[TL_DATA_CONTEXT].number = CONTEXT;
    values->model[TL_MODEL_KIND].number = TL_MODEL_GPT;
}

/* A trained language model behind a service. */
typedef struct room {
    toy_world toy;
    tl_dataset rows;
    const tl_service *service;
    tl_answers kind;
    float loss[MOST_WIDTH][ROWS * CONTEXT];
    tl_status status[MOST_WIDTH];
} room;

static int open_room(void **state)
{
    static room it;
    toy_world_open(&it.toy, make_tokens);
    toy_do(&it.toy, "train", NULL, NULL);
    it.rows = *it.toy.world.data[TL_PART_TEST];
    it.rows.rows = ROWS;
    it.service = tl_service_plain();
    *state = &it;
    return 0;
}

static int close_room(void **state)
{
    room *it = *state;
    toy_world_close(&it->toy);
    return 0;
}

/* Also on members of a team, which assert nothing. */
static tl_status ask(const room *it, const tl_model *model, const tl_team *team,
                     float *loss, tl_err *err)
{
    tl_arena arena = tl_arena_open(0);
    const tl_session_options options = {
        .service = it->service, .model = model, .budget = ROWS};
    const tl_question question = {.input = it->rows.input, .rows = ROWS, .kind = it->kind};
    tl_session *session;
    tl_status status = tl_session_open(&options, &arena, &session, err);
    if (status == TL_OK)
        status = tl_session_ask_losses(session, &question, it->rows.label, team, &arena,
                                       loss, err);
    if (status == TL_OK && tl_session_asked(session) != ROWS) status = TL_E_NUMERIC;
    tl_arena_close(&arena);
    return status;
}

static double mean_of(const float *loss)
{
    double sum = 0.0;
    for (int i = 0; i < ROWS * CONTEXT; i++) sum += (double)loss[i];
    return sum / (ROWS * CONTEXT);
}

static void the_last_one_is_the_loss_of_the_label(void **state)
{
    room *it = *state;
    const tl_model *model = it->toy.world.model[TL_PART_TARGET];
    const tl_team alone = tl_team_alone();
    static float logits[ROWS * 20];
    double wanted;
    assert_int_equal(ask(it, model, &alone, it->loss[0], NULL), TL_OK);
    assert_int_equal(
        tl_holdout_loss(model, &it->rows, &alone, &it->toy.arena, logits, &wanted, NULL),
        TL_OK);
    /* The hold-out loss is of the last token alone. */
    double last = 0.0;
    for (int r = 0; r < ROWS; r++)
        last += (double)it->loss[0][r * CONTEXT + CONTEXT - 1] / ROWS;
    assert_true(fabs(last - wanted) < 1e-5);
    assert_true(mean_of(it->loss[0]) > 0.5); /* nat, of at most log 20 */
    assert_true(mean_of(it->loss[0]) < 4.0);
}

static void ask_as_member(const tl_team *team, void *self)
{
    room *it = self;
    it->status[team->rank] =
        ask(it, it->toy.world.model[TL_PART_TARGET], team, it->loss[team->rank], NULL);
}

static void every_team_gets_the_same_bits(void **state)
{
    room *it = *state;
    static float alone[ROWS * CONTEXT];
    const tl_team one = tl_team_alone();
    assert_int_equal(ask(it, it->toy.world.model[TL_PART_TARGET], &one, alone, NULL),
                     TL_OK);
    for (int width = 2; width <= MOST_WIDTH; width *= 2) {
        team_threads_run(width, ask_as_member, it);
        for (int r = 0; r < width; r++) {
            assert_int_equal(it->status[r], TL_OK);
            assert_memory_equal(it->loss[r], alone, sizeof alone);
        }
    }
}

/* Every score becomes the same. */
static void flatten(const tl_service_link *link, const tl_query *query, void *state,
                    double *row)
{
    (void)link, (void)state;
    for (int c = 0; c < query->classes; c++) row[c] = 1.0 / query->classes;
}

static void links_change_them(void **state)
{
    room *it = *state;
    const tl_service_link link = {.name = "flat", .answer = flatten};
    const tl_service_link watcher = {.name = "watcher", .state = 8, .answer = flatten};
    const tl_team alone = tl_team_alone();
    const tl_model *model = it->toy.world.model[TL_PART_TARGET];
    tl_err err = {0};
    assert_int_equal(
        tl_service_add(tl_service_plain(), &link, &it->toy.arena, &it->service, NULL),
        TL_OK);
    assert_int_equal(ask(it, model, &alone, it->loss[0], NULL), TL_OK);
    for (int i = 0; i < ROWS * CONTEXT; i++)
        assert_true(fabs((double)it->loss[0][i] - log(20.0)) < 1e-6);
    assert_int_equal(
        tl_service_add(tl_service_plain(), &watcher, &it->toy.arena, &it->service, NULL),
        TL_OK);
    assert_int_equal(ask(it, model, &alone, it->loss[0], &err), TL_E_ARG);
    assert_non_null(strstr(err.text, "watcher"));
    it->service = tl_service_plain();
}

/* All that is left is one draw of the question. */
static void draw(const tl_service_link *link, const tl_query *query, void *state,
                 double *row)
{
    (void)state;
    tl_rng rng = tl_link_rng(link, query);
    for (int c = 0; c < query->classes; c++) row[c] = tl_rng_uniform(&rng);
}

/* Noise that were the same for all tokens of a row could be told from what they share. */
static void each_token_is_a_question_of_its_own(void **state)
{
    room *it = *state;
    const tl_service_link link = {.name = "draw", .answer = draw};
    const tl_team alone = tl_team_alone();
    float *input = it->rows.input;
    float saved[2 * CONTEXT];
    memcpy(saved, input, sizeof saved);
    for (int i = 0; i < 2 * CONTEXT; i++) input[i] = 3.0F;
    input[CONTEXT + 4] = 5.0F; /* the second row leaves the first one here */
    assert_int_equal(
        tl_service_add(tl_service_plain(), &link, &it->toy.arena, &it->service, NULL),
        TL_OK);
    assert_int_equal(
        ask(it, it->toy.world.model[TL_PART_TARGET], &alone, it->loss[0], NULL), TL_OK);
    for (int p = 0; p + 1 < 3; p++) {
        assert_true(it->loss[0][p] != it->loss[0][p + 1]);
        assert_true(it->loss[0][p] == it->loss[0][CONTEXT + p]);
    }
    assert_true(it->loss[0][5] != it->loss[0][CONTEXT + 5]);
    memcpy(input, saved, sizeof saved);
    it->service = tl_service_plain();
}

/* Divides what it believes to be logits, or flattens scores. */
static void soften(const tl_service_link *link, const tl_query *query, void *state,
                   double *row)
{
    if (query->kind != TL_ANSWER_LOGITS) flatten(link, query, state, row);
}

static void links_see_scores_whatever_is_asked_for(void **state)
{
    room *it = *state;
    const tl_service_link link = {.name = "soft", .gives_logits = true, .answer = soften};
    const tl_team alone = tl_team_alone();
    assert_int_equal(
        tl_service_add(tl_service_plain(), &link, &it->toy.arena, &it->service, NULL),
        TL_OK);
    it->kind = TL_ANSWER_LOGITS;
    assert_int_equal(
        ask(it, it->toy.world.model[TL_PART_TARGET], &alone, it->loss[0], NULL), TL_OK);
    assert_true(fabs((double)it->loss[0][0] - log(20.0)) < 1e-6);
    it->kind = TL_ANSWER_SCORES;
    it->service = tl_service_plain();
}

static void a_model_of_images_has_none(void **state)
{
    (void)state;
    static room it;
    toy_world_open(&it.toy, NULL);
    toy_do(&it.toy, "train", NULL, NULL);
    it.rows = *it.toy.world.data[TL_PART_TEST];
    it.service = tl_service_plain();
    const tl_team alone = tl_team_alone();
    tl_err err = {0};
    assert_int_equal(ask(&it, it.toy.world.model[TL_PART_TARGET], &alone, it.loss[0], &err),
                     TL_E_ARG);
    assert_non_null(strstr(err.text, "reads no tokens"));
    toy_world_close(&it.toy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_one_is_the_loss_of_the_label),
        cmocka_unit_test(every_team_gets_the_same_bits),
        cmocka_unit_test(links_change_them),
        cmocka_unit_test(each_token_is_a_question_of_its_own),
        cmocka_unit_test(links_see_scores_whatever_is_asked_for),
        cmocka_unit_test(a_model_of_images_has_none),
    };
    return cmocka_run_group_tests(tests, open_room, close_room);
}
