/* experiments/stage: what sessions of the query service promise, with links made to try it:
 * order, state, budget, log, and sessions with models of the attacker's own. */
#include "compute/core/blas.h"
#include "tests/support/team_threads.h"
#include "tests/support/toy_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 200, CLASSES = 3 };

/* A target, and the rows that are asked about. */
typedef struct room {
    toy_world toy;
    const float *input; /* [ROWS x size] */
    size_t size;
    tl_team alone;
} room;

static int open_room(void **state)
{
    room *it = calloc(1, sizeof *it);
    assert_non_null(it);
    toy_world_open(&it->toy, NULL);
    toy_do(&it->toy, "train", NULL, NULL);
    const tl_dataset *pool = it->toy.world.data[TL_PART_POOL];
    assert_int_equal(pool->rows, ROWS);
    assert_int_equal(pool->classes, CLASSES);
    it->input = pool->input;
    it->size = (size_t)tl_shape_size(pool->shape);
    it->alone = tl_team_alone();
    *state = it;
    return 0;
}

static int close_room(void **state)
{
    room *it = *state;
    toy_world_close(&it->toy);
    free(it);
    return 0;
}

/* A service of these links, the one nearest to the target first. */
static const tl_service *service_of(room *it, const tl_service_link *const *link, int links)
{
    const tl_service *service = tl_service_plain();
    for (int i = 0; i < links; i++) {
        assert_int_equal(tl_service_add(service, link[i], &it->toy.arena, &service, NULL),
                         TL_OK);
    }
    return service;
}

static tl_session *open_session(room *it, const tl_service *service, uint64_t budget,
                                tl_arena *log)
{
    const tl_session_options options = {.service = service,
                                        .model = it->toy.world.model[TL_PART_TARGET],
                                        .budget = budget,
                                        .log = log};
    tl_session *session;
    assert_int_equal(tl_session_open(&options, &it->toy.arena, &session, NULL), TL_OK);
    return session;
}

static tl_question question_of(const room *it, tl_answers kind, int first, int rows)
{
    return (tl_question){
        .input = it->input + (size_t)first * it->size, .rows = rows, .kind = kind};
}

/* Asks about rows `first` on; answer [rows x CLASSES]. */
static void ask(room *it, tl_session *session, tl_answers kind, int first, int rows,
                float *answer)
{
    const tl_question question = question_of(it, kind, first, rows);
    assert_int_equal(
        tl_session_ask(session, &question, &it->alone, &it->toy.arena, answer, NULL),
        TL_OK);
}

static void ask_exactly(room *it, tl_session *session, const tl_question *question,
                        double *answer)
{
    assert_int_equal(
        tl_session_ask_exactly(session, question, &it->alone, &it->toy.arena, answer, NULL),
        TL_OK);
}

/* --- links to try ----------------------------------------------------------------------
 */

/* Appends its digit to each number of the answer. */
static void append(const tl_service_link *link, const tl_query *query, void *state,
                   double *row)
{
    (void)state;
    for (int c = 0; c < query->classes; c++)
        row[c] = 10.0 * row[c] + *(const int *)link->self;
}

/* What a link remembers: every query so far, in their order. */
typedef struct memory {
    uint64_t seen;
    double sum; /* halved before each query is added: order matters */
} memory;

/* Answers what it remembers, and nothing of the model. */
static void remember(const tl_service_link *link, const tl_query *query, void *state,
                     double *row)
{
    memory *own = state;
    double sum = 0.0;
    (void)link;
    for (size_t i = 0; i < query->size; i++) sum += (double)query->input[i];
    own->sum = 0.5 * own->sum + sum;
    row[0] = (double)query->number;
    row[1] = own->sum;
    row[2] = (double)own->seen++;
}

static const tl_service_link remembers = {
    .name = "remember", .gives_logits = true, .state = sizeof(memory), .answer = remember};

/* Counts queries by the copy that was asked. */
enum { COPIES = 64 };
typedef struct counter {
    int *asked; /* [COPIES] */
} counter;

static void count(const tl_service_link *link, const tl_query *query, void *state,
                  double *row)
{
    const counter *own = link->self;
    (void)state;
    (void)row;
    own->asked[query->copy < COPIES ? query->copy : COPIES - 1]++;
}

/* Turns the answer round. */
static void reverse(const tl_service_link *link, const tl_query *query, void *state,
                    double *row)
{
    (void)link;
    (void)state;
    for (int c = 0; c < query->classes / 2; c++) {
        const double kept = row[c];
        row[c] = row[query->classes - 1 - c];
        row[query->classes - 1 - c] = kept;
    }
}

/* Answers with numbers from the link's stream for the question. */
static void draw(const tl_service_link *link, const tl_query *query, void *state,
                 double *row)
{
    tl_rng rng = tl_link_rng(link, query);
    (void)state;
    for (int c = 0; c < query->classes; c++) row[c] = tl_rng_uniform(&rng);
}

/* --- order and state ------------------------------------------------------------------ */

static void the_link_nearest_to_the_target_is_first(void **state)
{
    room *it = *state;
    static const int digit[] = {1, 2, 3};
    tl_service_link made[3];
    const tl_service_link *link[3];
    for (int i = 0; i < 3; i++) {
        made[i] = (tl_service_link){.name = "append", .self = &digit[i], .answer = append};
        link[i] = &made[i];
    }
    const tl_service *service = service_of(it, link, 3);
    assert_int_equal(service->links, 3);
    assert_ptr_equal(service->link[0], &made[0]);
    tl_question question = question_of(it, TL_ANSWER_SCORES, 0, 5);
    double plain[5 * CLASSES], answer[5 * CLASSES];
    ask_exactly(it, open_session(it, tl_service_plain(), 5, NULL), &question, plain);
    ask_exactly(it, open_session(it, service, 5, NULL), &question, answer);
    for (int i = 0; i < 5 * CLASSES; i++)
        assert_true(answer[i] == 10.0 * (10.0 * (10.0 * plain[i] + 1) + 2) + 3);
}

static void a_longer_service_leaves_the_shorter_as_it_was(void **state)
{
    room *it = *state;
    const tl_service_link *const link[] = {&remembers, &remembers};
    const tl_service *one = service_of(it, link, 1);
    const tl_service *two;
    assert_int_equal(tl_service_add(one, &remembers, &it->toy.arena, &two, NULL), TL_OK);
    assert_int_equal(tl_service_plain()->links, 0);
    assert_int_equal(one->links, 1);
    assert_int_equal(two->links, 2);
}

/* Asks ROWS queries in calls of `each`, by tl_session_ask or exactly. */
static void ask_in_calls(room *it, const tl_service *service, int each, bool is_exact,
                         float *answer)
{
    tl_session *session = open_session(it, service, ROWS, NULL);
    double exact[ROWS * CLASSES];
    for (int first = 0; first < ROWS; first += each) {
        const int rows = first + each < ROWS ? each : ROWS - first;
        if (!is_exact) {
            ask(it, session, TL_ANSWER_SCORES, first, rows, answer + first * CLASSES);
            continue;
        }
        const tl_question question = question_of(it, TL_ANSWER_SCORES, first, rows);
        ask_exactly(it, session, &question, exact);
        for (int i = 0; i < rows * CLASSES; i++)
            answer[first * CLASSES + i] = (float)exact[i];
    }
    assert_true(tl_session_asked(session) == ROWS);
}

static void state_follows_the_queries_however_they_are_cut_into_calls(void **state)
{
    room *it = *state;
    const tl_service_link *const link[] = {&remembers};
    const tl_service *service = service_of(it, link, 1);
    float whole[ROWS * CLASSES], parts[ROWS * CLASSES];
    ask_in_calls(it, service, ROWS, false, whole);
    for (int i = 0; i < ROWS; i++) {
        assert_true(whole[i * CLASSES] == (float)i);     /* its number */
        assert_true(whole[i * CLASSES + 2] == (float)i); /* state began at zero */
    }
    static const int each[] = {50, 1, 64, 77, 199};
    for (size_t e = 0; e < sizeof each / sizeof *each; e++) {
        for (int is_exact = 0; is_exact < 2; is_exact++) {
            ask_in_calls(it, service, each[e], is_exact, parts);
            assert_memory_equal(parts, whole, sizeof whole);
        }
    }
}

static void nor_do_the_models_own_answers_depend_on_the_calls(void **state)
{
    room *it = *state;
    float whole[ROWS * CLASSES], parts[ROWS * CLASSES];
    static const int each[] = {50, 1, 64, 77};
    for (int is_exact = 0; is_exact < 2; is_exact++) {
        ask_in_calls(it, tl_service_plain(), ROWS, is_exact, whole);
        for (size_t e = 0; e < sizeof each / sizeof *each; e++) {
            ask_in_calls(it, tl_service_plain(), each[e], is_exact, parts);
            assert_memory_equal(parts, whole, sizeof whole);
        }
    }
}

static void links_of_one_session_remember_apart_and_sessions_begin_anew(void **state)
{
    room *it = *state;
    const tl_service_link *const link[] = {&remembers, &remembers};
    const tl_service *service = service_of(it, link, 2);
    float first[ROWS * CLASSES], second[ROWS * CLASSES];
    ask_in_calls(it, service, 50, false, first);
    assert_true(first[2] == 0.0f && first[5] == 1.0f); /* each counts for itself */
    ask_in_calls(it, service, 50, false, second);
    assert_memory_equal(first, second, sizeof first);
}

typedef struct shared {
    room *it;
    const tl_service *service;
    float answer[4][ROWS * CLASSES];
    tl_status status[4];
} shared;

static void member(const tl_team *team, void *self)
{
    shared *s = self;
    tl_arena arena = tl_arena_open(0);
    const tl_session_options options = {.service = s->service,
                                        .model = s->it->toy.world.model[TL_PART_TARGET],
                                        .budget = ROWS};
    tl_session *session = NULL;
    tl_status status = tl_session_open(&options, &arena, &session, NULL);
    for (int first = 0; first < ROWS && status == TL_OK; first += 50) {
        const tl_question question = question_of(s->it, TL_ANSWER_SCORES, first, 50);
        status = tl_session_ask(session, &question, team, &arena,
                                s->answer[team->rank] + first * CLASSES, NULL);
    }
    s->status[team->rank] = status;
    tl_arena_close(&arena);
}

static void bits_do_not_depend_on_the_team(void **state)
{
    room *it = *state;
    static const int digit = 1;
    const tl_service_link appends = {.name = "append", .self = &digit, .answer = append};
    const tl_service_link *const link[][2] = {{&appends, NULL}, {&appends, &remembers}};
    for (int k = 0; k < 2; k++) {
        shared s = {.it = it, .service = service_of(it, link[k], k + 1)};
        float alone[ROWS * CLASSES];
        ask_in_calls(it, s.service, 50, false, alone);
        for (int size = 1; size <= 4; size *= 2) {
            team_threads_run(size, member, &s);
            for (int r = 0; r < size; r++) {
                assert_int_equal(s.status[r], TL_OK);
                assert_memory_equal(s.answer[r], alone, sizeof alone);
            }
        }
    }
}

/* --- what is refused ------------------------------------------------------------------ */

static void beyond_the_budget_nothing_is_answered(void **state)
{
    room *it = *state;
    tl_session *session = open_session(it, tl_service_plain(), 10, &it->toy.arena);
    float answer[ROWS * CLASSES];
    int size;
    ask(it, session, TL_ANSWER_SCORES, 0, 7, answer);
    const tl_question question = question_of(it, TL_ANSWER_SCORES, 7, 4);
    tl_err err = {0};
    assert_int_equal(
        tl_session_ask(session, &question, &it->alone, &it->toy.arena, answer, &err),
        TL_E_ARG);
    assert_non_null(strstr(err.text, "4 more queries after 7, but the budget is 10"));
    double exact[ROWS * CLASSES];
    assert_int_equal(
        tl_session_ask_exactly(session, &question, &it->alone, &it->toy.arena, exact, NULL),
        TL_E_ARG);
    assert_true(tl_session_asked(session) == 7);
    ask(it, session, TL_ANSWER_SCORES, 8, 3, answer); /* what is left may be asked */
    ask(it, session, TL_ANSWER_SCORES, 0, 0, answer);
    assert_true(tl_session_asked(session) == 10);
    const float *log = tl_session_log(session, &size);
    assert_memory_equal(log, it->input, 7 * it->size * sizeof *log);
    assert_memory_equal(log + 7 * it->size, it->input + 8 * it->size,
                        3 * it->size * sizeof *log);
}

static void logits_are_refused_by_any_link_that_withholds_them(void **state)
{
    room *it = *state;
    const tl_service_link withholds = {.name = "defense.mute", .answer = reverse};
    const tl_service_link gives = {
        .name = "gives", .gives_logits = true, .answer = reverse};
    const tl_service_link *const link[] = {&gives, &withholds, &gives};
    const tl_service *service = service_of(it, link, 3);
    assert_ptr_equal(tl_service_withholds_logits(service), &withholds);
    tl_session *session = open_session(it, service, ROWS, NULL);
    tl_question question = question_of(it, TL_ANSWER_LOGITS, 0, 3);
    float answer[3 * CLASSES], plain[3 * CLASSES];
    double exact[3 * CLASSES];
    tl_err err = {0};
    assert_int_equal(
        tl_session_ask(session, &question, &it->alone, &it->toy.arena, answer, &err),
        TL_E_ARG);
    assert_non_null(strstr(err.text, "defense.mute gives no logits"));
    assert_int_equal(
        tl_session_ask_exactly(session, &question, &it->alone, &it->toy.arena, exact, NULL),
        TL_E_ARG);
    assert_true(tl_session_asked(session) == 0);
    ask(it, session, TL_ANSWER_SCORES, 0, 3, answer);
    ask(it, session, TL_ANSWER_LABELS, 0, 3, answer);
    /* Where all give them they pass, through the links. */
    const tl_service *open = service_of(it, link, 1);
    assert_null(tl_service_withholds_logits(open));
    ask(it, open_session(it, open, 3, NULL), TL_ANSWER_LOGITS, 0, 3, answer);
    ask(it, open_session(it, tl_service_plain(), 3, NULL), TL_ANSWER_LOGITS, 0, 3, plain);
    for (int r = 0; r < 3; r++) {
        for (int c = 0; c < CLASSES; c++)
            assert_true(answer[r * CLASSES + c] == plain[r * CLASSES + CLASSES - 1 - c]);
    }
}

static void labels_are_those_of_the_scores_that_links_leave(void **state)
{
    room *it = *state;
    const tl_service_link turns = {.name = "reverse", .answer = reverse};
    const tl_service_link *const link[] = {&turns};
    float plain[ROWS * CLASSES], turned[ROWS * CLASSES];
    ask(it, open_session(it, tl_service_plain(), ROWS, NULL), TL_ANSWER_LABELS, 0, ROWS,
        plain);
    ask(it, open_session(it, service_of(it, link, 1), ROWS, NULL), TL_ANSWER_LABELS, 0,
        ROWS, turned);
    int seen[CLASSES] = {0};
    for (int r = 0; r < ROWS; r++) {
        float sum = 0.0f;
        for (int c = 0; c < CLASSES; c++) {
            assert_true(turned[r * CLASSES + c] == plain[r * CLASSES + CLASSES - 1 - c]);
            seen[c] += plain[r * CLASSES + c] == 1.0f;
            sum += plain[r * CLASSES + c];
        }
        assert_true(sum == 1.0f);
    }
    assert_true(seen[0] > 0 && seen[2] > 0); /* so that turning them is seen */
}

/* --- the stream of a link ------------------------------------------------------------- */

/* The numbers that a link of stream `word` draws for a question about row `r`, as `copy`.
 */
static double drawn(const room *it, const char *word, int r, uint64_t copy)
{
    const tl_service_link link = {.stream = tl_rng_stream(1, 0, "test", 0, word)};
    const tl_query query = {
        .input = it->input + (size_t)r * it->size, .size = it->size, .copy = copy};
    tl_rng rng = tl_link_rng(&link, &query);
    return tl_rng_uniform(&rng);
}

static void draws_follow_question_link_and_copy_alone(void **state)
{
    room *it = *state;
    for (int r = 0; r < 20; r++) {
        assert_true(drawn(it, "a", r, 0) == drawn(it, "a", r, 0));
        assert_true(drawn(it, "a", r, 0) != drawn(it, "a", r + 1, 0));
        assert_true(drawn(it, "a", r, 0) != drawn(it, "b", r, 0));
        assert_true(drawn(it, "a", r, 0) != drawn(it, "a", r, 1));
        assert_true(drawn(it, "a", r, 1) != drawn(it, "a", r, 2));
    }
    const tl_service_link draws = {
        .name = "draw", .stream = tl_rng_stream(1, 0, "test", 0, "a"), .answer = draw};
    const tl_service_link *const link[] = {&draws};
    tl_session *session = open_session(it, service_of(it, link, 1), 3 * ROWS, NULL);
    float first[ROWS * CLASSES], again[ROWS * CLASSES];
    ask(it, session, TL_ANSWER_SCORES, 0, ROWS, first);
    for (int r = ROWS; r-- > 0;) /* one by one, from the last */
        ask(it, session, TL_ANSWER_SCORES, r, 1, again + r * CLASSES);
    assert_memory_equal(again, first, sizeof first);
    assert_true(first[7 * CLASSES] == (float)drawn(it, "a", 7, 0));
}

static void names_and_streams_of_links_are_in_the_hash_of_a_service(void **state)
{
    room *it = *state;
    const tl_rng a = tl_rng_stream(1, 0, "test", 0, "a");
    const tl_rng b = tl_rng_stream(1, 0, "test", 0, "b");
    const tl_service_link link[] = {{.name = "x", .stream = a},
                                    {.name = "y", .stream = a},
                                    {.name = "x", .stream = b},
                                    {.name = "x", .stream = a, .state = 8}};
    enum { LINKS = sizeof link / sizeof *link };
    tl_key key[LINKS + 2];
    for (int i = 0; i < LINKS + 2; i++) {
        const tl_service_link *const one[] = {&link[i < LINKS ? i : 0], &link[0]};
        tl_hash hash = {0};
        tl_service_hash(service_of(it, one, i < LINKS ? 1 : 2 * (i - LINKS)), &hash);
        key[i] = tl_hash_end(&hash);
        for (int j = 0; j < i; j++) assert_false(tl_key_equal(&key[i], &key[j]));
    }
}

/* --- the log, and sessions with models of one's own ----------------------------------- */

static void the_log_holds_what_was_asked_in_its_order(void **state)
{
    room *it = *state;
    tl_arena log = tl_arena_open(0);
    tl_session *session = open_session(it, tl_service_plain(), ROWS, &log);
    float answer[ROWS * CLASSES];
    double exact[ROWS * CLASSES];
    ask(it, session, TL_ANSWER_SCORES, 30, 70, answer);
    ask(it, session, TL_ANSWER_LABELS, 5, 1, answer);
    tl_question question = question_of(it, TL_ANSWER_LOGITS, 0, 20);
    ask_exactly(it, session, &question, exact);
    ask(it, session, TL_ANSWER_SCORES, 5, 1, answer); /* asked twice, logged twice */
    static const int piece[][2] = {{30, 70}, {5, 1}, {0, 20}, {5, 1}};
    int size;
    const float *at = tl_session_log(session, &size);
    assert_int_equal(size, it->size);
    assert_true(tl_session_asked(session) == 92);
    for (size_t p = 0; p < sizeof piece / sizeof *piece; p++) {
        const size_t numbers = (size_t)piece[p][1] * it->size;
        assert_memory_equal(at, it->input + (size_t)piece[p][0] * it->size,
                            numbers * sizeof *at);
        at += numbers;
    }
    assert_null(tl_session_log(open_session(it, tl_service_plain(), 1, NULL), &size));
    tl_arena_close(&log);
}

static void own_sessions_pass_the_links_of_those_who_adapt_alone(void **state)
{
    room *it = *state;
    int asked[COPIES] = {0}, size;
    const counter counts = {asked};
    const tl_service_link counting = {.name = "count", .self = &counts, .answer = count};
    const tl_service_link *const link[] = {&remembers, &counting};
    const tl_service *service = service_of(it, link, 2);
    const tl_model *model = it->toy.world.model[TL_PART_TARGET];
    tl_session *session = open_session(it, service, 50, &it->toy.arena), *own;
    float answer[ROWS * CLASSES], plain[ROWS * CLASSES], adaptive[ROWS * CLASSES];
    ask(it, session, TL_ANSWER_SCORES, 0, 50, answer);
    assert_int_equal(asked[0], 50);
    assert_int_equal(tl_session_own(session, model, 3, false, &it->toy.arena, &own, NULL),
                     TL_OK);
    ask(it, own, TL_ANSWER_SCORES, 0, ROWS, plain); /* more than the other's budget */
    assert_null(tl_session_log(own, &size));
    ask(it, open_session(it, tl_service_plain(), ROWS, NULL), TL_ANSWER_SCORES, 0, ROWS,
        answer);
    assert_memory_equal(plain, answer, sizeof plain);
    for (int i = 1; i < COPIES; i++) assert_int_equal(asked[i], 0);
    assert_int_equal(tl_session_own(session, model, 3, true, &it->toy.arena, &own, NULL),
                     TL_OK);
    ask(it, own, TL_ANSWER_SCORES, 0, ROWS, adaptive);
    assert_int_equal(asked[3], ROWS);
    assert_true(adaptive[0] == 0.0f && adaptive[2] == 0.0f); /* begins anew */
    assert_null(tl_session_log(own, &size));
    assert_true(tl_session_asked(own) == ROWS);
    /* Nothing of that was asked of the target. */
    assert_int_equal(asked[0], 50);
    assert_true(tl_session_asked(session) == 50);
}

/* Runs a membership test behind a link that counts; sets asked [COPIES]. */
static void run_behind(room *it, const char *stage, bool is_adaptive, int *asked)
{
    enum { MODELS = 4 };
    const counter counts = {asked};
    const tl_service_link counting = {.name = "count", .self = &counts, .answer = count};
    const tl_service_link *const link[] = {&counting};
    tl_value arg[TL_MAX_PARAMS];
    memset(asked, 0, COPIES * sizeof *asked);
    toy_defaults(tl_stage_find(stage), arg);
    toy_set(stage, arg, "models", MODELS);
    toy_set(stage, arg, "adaptive", is_adaptive);
    it->toy.world.service = service_of(it, link, 1);
    toy_do(&it->toy, stage, arg, NULL);
    it->toy.world.service = tl_service_plain();
    for (int i = MODELS + 1; i < COPIES - 1; i++) assert_int_equal(asked[i], 0);
}

static void who_adapts_asks_shadow_models_behind_the_same_service(void **state)
{
    room *it = *state;
    static const char *const stage[] = {"m2d.shadow_lira", "m2d.calibration", "m2d.rmia"};
    for (size_t s = 0; s < sizeof stage / sizeof *stage; s++) {
        int asked[COPIES];
        const int own = s == 2 ? it->toy.world.data[TL_PART_ATTACKER]->rows : 0;
        run_behind(it, stage[s], false, asked);
        assert_int_equal(asked[0], ROWS + own);
        for (int i = 1; i <= 4; i++) assert_int_equal(asked[i], 0);
        assert_int_equal(asked[COPIES - 1], ROWS + own); /* the control, as the target */
        run_behind(it, stage[s], true, asked);
        for (int i = 0; i <= 4; i++) assert_int_equal(asked[i], ROWS + own);
        assert_int_equal(asked[COPIES - 1], ROWS + own);
    }
}

static void shadow_models_are_in_no_log(void **state)
{
    room *it = *state;
    for (int is_adaptive = 0; is_adaptive < 2; is_adaptive++) {
        int asked[COPIES];
        it->toy.world.query_log = NULL;
        run_behind(it, "m2d.shadow_lira", is_adaptive, asked);
        const tl_query_log *log = it->toy.world.query_log;
        assert_non_null(log);
        assert_int_equal(log->clients, 1);
        assert_string_equal(log->client[0].stage, "m2d.shadow_lira");
        assert_int_equal(log->client[0].rows, ROWS);
        assert_int_equal(log->client[0].size, it->size);
        assert_memory_equal(log->client[0].input, it->input,
                            ROWS * it->size * sizeof *it->input);
    }
}

#define FACT(name) cmocka_unit_test_setup_teardown(name, open_room, close_room)

int main(void)
{
    tl_blas_start();
    const struct CMUnitTest tests[] = {
        FACT(the_link_nearest_to_the_target_is_first),
        FACT(a_longer_service_leaves_the_shorter_as_it_was),
        FACT(state_follows_the_queries_however_they_are_cut_into_calls),
        FACT(nor_do_the_models_own_answers_depend_on_the_calls),
        FACT(links_of_one_session_remember_apart_and_sessions_begin_anew),
        FACT(bits_do_not_depend_on_the_team),
        FACT(beyond_the_budget_nothing_is_answered),
        FACT(logits_are_refused_by_any_link_that_withholds_them),
        FACT(labels_are_those_of_the_scores_that_links_leave),
        FACT(draws_follow_question_link_and_copy_alone),
        FACT(names_and_streams_of_links_are_in_the_hash_of_a_service),
        FACT(the_log_holds_what_was_asked_in_its_order),
        FACT(own_sessions_pass_the_links_of_those_who_adapt_alone),
        FACT(who_adapts_asks_shadow_models_behind_the_same_service),
        FACT(shadow_models_are_in_no_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
