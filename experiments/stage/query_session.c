#include "experiments/stage/query_session.h"

#include "compute/nn/head.h"
#include "compute/nn/loss.h"
#include "compute/nn/probe.h"

#include <math.h>
#include <string.h>

struct tl_session {
    tl_session_options with;
    uint64_t asked;
    size_t size;  /* numbers of a query */
    float *log;   /* [budget x size], or NULL */
    void **state; /* [links], NULL where a link keeps none */
    double *row;  /* [classes] scratch */
};

tl_status tl_session_open(const tl_session_options *options, tl_arena *arena,
                          tl_session **out, tl_err *err)
{
    const tl_service *service = options->service;
    tl_session *s;
    TL_ALLOC_RECORDS(s, arena, 1, err);
    const tl_recorded *recorded = options->recorded;
    *s = (tl_session){.with = *options,
                      .size = (size_t)(recorded ? recorded->size
                                                : tl_shape_size(options->model->spec.in))};
    TL_ALLOC_RECORDS(s->state, arena, service->links + 1, err);
    for (int i = 0; i < service->links; i++) {
        if (service->link[i]->state == 0) continue;
        s->state[i] = tl_arena_take(arena, service->link[i]->state, 1, err);
        if (!s->state[i]) return TL_E_NOMEM;
    }
    TL_ALLOC(s->row, arena, tl_session_classes(s), err);
    if (options->log) TL_ALLOC(s->log, options->log, options->budget * s->size, err);
    *out = s;
    return TL_OK;
}

tl_status tl_session_own(const tl_session *session, const tl_model *model, uint64_t copy,
                         bool is_adaptive, tl_arena *arena, tl_session **out, tl_err *err)
{
    const tl_session_options own = {.service = is_adaptive ? session->with.service
                                                           : tl_service_plain(),
                                    .model = model,
                                    .copy = copy,
                                    .budget = UINT64_MAX};
    return tl_session_open(&own, arena, out, err);
}

uint64_t tl_session_asked(const tl_session *session)
{
    return session->asked;
}

int tl_session_classes(const tl_session *session)
{
    const tl_recorded *recorded = session->with.recorded;
    return recorded ? recorded->classes : session->with.model->spec.classes;
}

const float *tl_session_log(const tl_session *session, int *size)
{
    *size = (int)session->size;
    return session->log;
}

/* --- what the model answers ----------------------------------------------------------- */

/* Labels of a plain service are read off the logits, which no softmax has rounded. */
static bool wants_logits(const tl_session *s, const tl_question *question)
{
    return question->kind == TL_ANSWER_LOGITS ||
           (question->kind == TL_ANSWER_LABELS && s->with.service->links == 0);
}

/* Sets answer [rows x classes] to what is recorded, as logits or scores, as asked. */
static tl_status ask_record(const tl_session *s, const tl_question *question,
                            double *answer, tl_err *err)
{
    const tl_recorded *recorded = s->with.recorded;
    const int classes = recorded->classes;
    for (int r = 0; r < question->rows; r++) {
        double *row = answer + (size_t)r * (size_t)classes;
        const double *found =
            tl_recorded_find(recorded, question->input + (size_t)r * s->size);
        TL_CHECK(
            found, err, TL_E_ARG,
            "%s has no answer to row %d of the %d that are asked about: recorded "
            "answers are to the rows recorded, and nobody is there to ask about others",
            recorded->label, r, question->rows);
        memcpy(row, found, (size_t)classes * sizeof *row);
        if (recorded->has_logits && question->kind != TL_ANSWER_LOGITS)
            tl_softmax_double(row, 1, classes, row);
    }
    return TL_OK;
}

static tl_status ask_record_single(const tl_session *s, const tl_question *question,
                                   tl_arena *scratch, float *answer, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const size_t count = (size_t)question->rows * (size_t)tl_session_classes(s);
    double *exact = tl_arena_take(scratch, count, sizeof *exact, err);
    if (!exact) return TL_E_NOMEM;
    TL_TRY(ask_record(s, question, exact, err));
    for (size_t i = 0; i < count; i++) answer[i] = (float)exact[i];
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

static tl_status ask_model(const tl_session *s, const tl_question *question,
                           const tl_team *team, tl_arena *scratch, float *answer,
                           tl_err *err)
{
    const tl_model *model = s->with.model;
    if (s->with.recorded) {
        /* Every member looks them up; memory is what one may lack. */
        return tl_team_agree(team, ask_record_single(s, question, scratch, answer, err),
                             err);
    }
    TL_TRY(tl_model_logits(model, question->input, question->rows, team, scratch, answer,
                           err));
    if (wants_logits(s, question) || tl_arena_counts(scratch)) return TL_OK;
    tl_softmax(answer, question->rows, model->spec.classes, answer);
    return TL_OK;
}

static tl_status ask_single(const tl_session *s, const tl_question *question,
                            const tl_team *team, tl_arena *scratch, double *answer,
                            tl_err *err)
{
    const size_t count = (size_t)question->rows * (size_t)tl_session_classes(s);
    float *single = tl_arena_take(scratch, count, sizeof *single, err);
    TL_TRY(tl_team_agree(team, single ? TL_OK : TL_E_NOMEM, err));
    TL_TRY(ask_model(s, question, team, scratch, single, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    for (size_t i = 0; i < count; i++) answer[i] = (double)single[i];
    return TL_OK;
}

static tl_status ask_double(const tl_session *s, const tl_question *question,
                            const tl_team *team, tl_arena *scratch, double *answer,
                            tl_err *err)
{
    const tl_model *model = s->with.model;
    const int rows = question->rows, width = tl_model_features_size(&model->spec);
    tl_head head = {0};
    float *feature =
        tl_arena_take(scratch, (size_t)rows * (size_t)width, sizeof *feature, err);
    const tl_status mine = feature ? tl_head_of(model, scratch, &head, err) : TL_E_NOMEM;
    TL_TRY(tl_team_agree(team, mine, err));
    TL_TRY(tl_model_features(model, question->input, rows, team, scratch, feature, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    tl_head_logits(&head, feature, rows, answer);
    if (!wants_logits(s, question)) tl_softmax_double(answer, rows, head.classes, answer);
    return TL_OK;
}

/* --- what the links make of it -------------------------------------------------------- */

/* Passes the answer to the first `size` numbers of query `r` of the question, row
 * [classes], through the links. */
static void pass_links(tl_session *s, const tl_question *question, int r, size_t size,
                       double *row)
{
    const tl_service *service = s->with.service;
    const tl_query query = {.number = s->asked + (uint64_t)r,
                            .input = question->input + (size_t)r * s->size,
                            .size = size,
                            .classes = tl_session_classes(s),
                            .kind = question->kind,
                            .copy = s->with.copy};
    for (int i = 0; i < service->links; i++) {
        const tl_service_link *link = service->link[i];
        link->answer(link, &query, s->state[i], row);
    }
    if (question->kind == TL_ANSWER_LABELS) tl_answer_keep_label(row, query.classes);
}

/* Whether answers are what the model computes, so that none needs to pass. */
static bool is_untouched(const tl_session *s, const tl_question *question)
{
    return s->with.service->links == 0 && question->kind != TL_ANSWER_LABELS;
}

/* Counts and logs the queries. */
static void record(tl_session *s, const tl_question *question)
{
    const size_t rows = (size_t)question->rows;
    if (s->log && rows > 0) {
        memcpy(s->log + (size_t)s->asked * s->size, question->input,
               rows * s->size * sizeof *s->log);
    }
    s->asked += rows;
}

static tl_status check(const tl_session *s, const tl_question *question, tl_err *err)
{
    const tl_service_link *link = tl_service_withholds_logits(s->with.service);
    const tl_recorded *recorded = s->with.recorded;
    TL_CHECK(question->kind != TL_ANSWER_LOGITS || !link, err, TL_E_ARG,
             "%s gives no logits; ask for scores", link ? link->name : "");
    TL_CHECK(question->kind != TL_ANSWER_LOGITS || !recorded || recorded->has_logits, err,
             TL_E_ARG, "%s has scores and no logits; ask for scores",
             recorded ? recorded->label : "");
    TL_CHECK((uint64_t)question->rows <= s->with.budget - s->asked, err, TL_E_ARG,
             "%d more queries after %llu, but the budget is %llu", question->rows,
             (unsigned long long)s->asked, (unsigned long long)s->with.budget);
    return TL_OK;
}

tl_status tl_session_ask(tl_session *session, const tl_question *question,
                         const tl_team *team, tl_arena *scratch, float *answer, tl_err *err)
{
    const size_t classes = (size_t)tl_session_classes(session);
    TL_TRY(check(session, question, err));
    TL_TRY(ask_model(session, question, team, scratch, answer, err));
    if (tl_arena_counts(scratch)) return TL_OK;
    for (int r = 0; r < question->rows && !is_untouched(session, question); r++) {
        float *line = answer + (size_t)r * classes;
        for (size_t c = 0; c < classes; c++) session->row[c] = (double)line[c];
        pass_links(session, question, r, session->size, session->row);
        for (size_t c = 0; c < classes; c++) line[c] = (float)session->row[c];
    }
    record(session, question);
    return TL_OK;
}

tl_status tl_session_ask_exactly(tl_session *session, const tl_question *question,
                                 const tl_team *team, tl_arena *scratch, double *answer,
                                 tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    const size_t classes = (size_t)tl_session_classes(session);
    TL_TRY(check(session, question, err));
    if (session->with.recorded)
        TL_TRY(ask_record(session, question, answer, err));
    else
        TL_TRY((question->precision == TL_PRECISION_SINGLE ? ask_single : ask_double)(
            session, question, team, scratch, answer, err));
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    for (int r = 0; r < question->rows && !is_untouched(session, question); r++) {
        pass_links(session, question, r, session->size, answer + (size_t)r * classes);
    }
    record(session, question);
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

/* --- losses of tokens ----------------------------------------------------------------- */

typedef struct token_losses {
    tl_session *session;
    const tl_question *question;
    const int32_t *label;
    int positions;
} token_losses;

/* The loss of `token` where the answered scores are row [classes]: of its share in their
 * sum, as in experiments/score/answers.h. */
static double loss_of(const double *row, int classes, int token)
{
    static const double least = 1e-45;
    double others = 0.0;
    for (int c = 0; c < classes; c++) {
        if (c != token && row[c] > 0.0) others += row[c];
    }
    return log1p((others + least) / ((row[token] > 0.0 ? row[token] : 0.0) + least));
}

static void read_losses(const void *self, tl_pass *pass, int first, int rows, float *out)
{
    const token_losses *t = self;
    tl_session *s = t->session;
    const size_t classes = (size_t)tl_session_classes(s), positions = (size_t)t->positions;
    const float *logit = tl_pass_logits(pass);
    for (int r = 0; r < rows; r++) {
        const float *token = t->question->input + (size_t)(first + r) * s->size;
        for (size_t p = 0; p < positions; p++) {
            const bool is_last = p + 1 == positions;
            const int next = is_last ? t->label[first + r] : (int)token[p + 1];
            for (size_t c = 0; c < classes; c++) s->row[c] = (double)logit[c];
            tl_softmax_double(s->row, 1, (int)classes, s->row);
            pass_links(s, t->question, first + r, p + 1, s->row);
            *out++ = (float)loss_of(s->row, (int)classes, next);
            logit += classes;
        }
    }
}

tl_status tl_session_ask_losses(tl_session *session, const tl_question *question,
                                const int32_t *label, const tl_team *team,
                                tl_arena *scratch, float *loss, tl_err *err)
{
    const tl_model *model = session->with.model;
    const tl_service *service = session->with.service;
    TL_CHECK(!session->with.recorded, err, TL_E_ARG,
             "%s has answers to whole rows and no losses of tokens; ask for scores",
             session->with.recorded ? session->with.recorded->label : "");
    TL_CHECK(tl_model_reads_tokens(model->spec.kind), err, TL_E_ARG,
             "a model of kind %s reads no tokens, so it has no losses of them",
             tl_model_kind_name(model->spec.kind));
    for (int i = 0; i < service->links; i++) {
        TL_CHECK(service->link[i]->state == 0, err, TL_E_ARG,
                 "%s watches whole queries and gives no losses of tokens; ask for scores",
                 service->link[i]->name);
    }
    TL_TRY(check(session, question, err));
    const tl_question scores = {.input = question->input, .rows = question->rows};
    const token_losses all = {session, &scores, label, model->positions};
    const tl_probe probe = {.input = question->input,
                            .rows = question->rows,
                            .width = model->positions,
                            .read = read_losses,
                            .self = &all};
    TL_TRY(tl_probe_run(model, &probe, team, scratch, loss, err));
    if (!tl_arena_counts(scratch)) record(session, question);
    return TL_OK;
}
