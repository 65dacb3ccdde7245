#include "experiments/score/score.h"

#include "compute/core/sort.h"

#include <math.h>

static tl_status number_rows(const double *score, int n, tl_ranked *row, tl_err *err)
{
    for (int i = 0; i < n; i++) {
        TL_CHECK(!isnan(score[i]), err, TL_E_NUMERIC, "a score is not a number");
        row[i] = (tl_ranked){score[i], (uint32_t)i};
    }
    return TL_OK;
}

static tl_status rank(const double *score, int n, tl_arena *scratch, tl_ranked **out,
                      tl_err *err)
{
    TL_ALLOC(*out, scratch, n, err);
    if (tl_arena_counts(scratch)) return TL_OK;
    TL_TRY(number_rows(score, n, *out, err));
    tl_sort_descending(*out, (size_t)n);
    return TL_OK;
}

tl_status tl_score_auc(const double *score, const bool *positive, int n, tl_arena *scratch,
                       double *auc, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    tl_ranked *row;
    TL_TRY(rank(score, n, scratch, &row, err));
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    double above = 0.0, wins = 0.0, negatives = 0.0;
    for (int i = 0; i < n;) {
        int end = i;
        double tied[2] = {0.0, 0.0}; /* negatives, positives */
        for (; end < n && row[end].value == row[i].value; end++) {
            tied[positive[row[end].number]] += 1.0;
        }
        wins += tied[0] * (above + 0.5 * tied[1]);
        above += tied[1];
        negatives += tied[0];
        i = end;
    }
    *auc = above > 0.0 && negatives > 0.0 ? wins / (above * negatives) : (double)NAN;
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

tl_status tl_score_tpr(const double *score, const bool *positive, int n, double limit,
                       tl_arena *scratch, double *tpr, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    tl_ranked *row;
    TL_TRY(rank(score, n, scratch, &row, err));
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    double all[2] = {0.0, 0.0}, above[2] = {0.0, 0.0}; /* negatives, positives */
    for (int i = 0; i < n; i++) all[positive[i]] += 1.0;
    *tpr = 0.0;
    for (int i = 0; i < n; i++) {
        above[positive[row[i].number]] += 1.0;
        if (above[0] > limit * all[0]) break;
        const bool is_last_of_ties = i + 1 == n || row[i + 1].value != row[i].value;
        if (is_last_of_ties && all[1] > 0.0) *tpr = above[1] / all[1];
    }
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

double tl_score_balanced(const int32_t *guess, const int32_t *label, int n, int classes)
{
    double sum = 0.0;
    int present = 0;
    for (int c = 0; c < classes; c++) {
        double right = 0.0, all = 0.0;
        for (int i = 0; i < n; i++) {
            if (label[i] != c) continue;
            all += 1.0;
            right += guess[i] == c ? 1.0 : 0.0;
        }
        if (all == 0.0) continue;
        sum += right / all;
        present++;
    }
    return present ? sum / present : (double)NAN;
}

double tl_score_brier(const float *probability, const int32_t *label, int n, int classes)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        for (int c = 0; c < classes; c++) {
            const double off =
                (double)probability[(size_t)i * (size_t)classes + (size_t)c] -
                (label[i] == c ? 1.0 : 0.0);
            sum += off * off;
        }
    }
    return sum / n;
}

tl_status tl_score_class_auc(const float *probability, const int32_t *label, int n,
                             int classes, tl_arena *scratch, double *auc, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    double *score;
    bool *positive;
    TL_ALLOC(score, scratch, n, err);
    TL_ALLOC(positive, scratch, n, err);
    double sum = 0.0;
    int counted = 0;
    for (int c = classes == 2 ? 1 : 0; c < classes; c++) {
        double one;
        for (int i = 0; i < n && !tl_arena_counts(scratch); i++) {
            score[i] = (double)probability[(size_t)i * (size_t)classes + (size_t)c];
            positive[i] = label[i] == c;
        }
        TL_TRY(tl_score_auc(score, positive, n, scratch, &one, err));
        if (tl_arena_counts(scratch)) break;
        if (isnan(one)) continue; /* a class that does not occur */
        sum += one;
        counted++;
    }
    *auc = counted ? sum / counted : (double)NAN;
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}

int tl_score_matches(const int32_t *a, const int32_t *b, int n)
{
    int count = 0;
    for (int i = 0; i < n; i++) count += a[i] == b[i];
    return count;
}

/* --- rank correlation ----------------------------------------------------------------- */

/* Ranks of x minus their mean, (n-1)/2. */
static tl_status rank_of(const double *x, int n, tl_ranked *order, double *rank,
                         tl_err *err)
{
    TL_TRY(number_rows(x, n, order, err));
    tl_sort_ascending(order, (size_t)n);
    for (int i = 0; i < n;) {
        int end = i;
        while (end < n && order[end].value == order[i].value) end++;
        for (int j = i; j < end; j++) rank[order[j].number] = 0.5 * (i + end - 1 - (n - 1));
        i = end;
    }
    return TL_OK;
}

tl_status tl_score_rank_correlation(const double *x, const double *y, int n,
                                    tl_arena *scratch, double *correlation, tl_err *err)
{
    const size_t mark = tl_arena_mark(scratch);
    tl_ranked *order;
    double *a, *b, xx = 0.0, yy = 0.0, xy = 0.0;
    TL_ALLOC(order, scratch, n, err);
    TL_ALLOC(a, scratch, n, err);
    TL_ALLOC(b, scratch, n, err);
    if (tl_arena_counted(scratch, mark)) return TL_OK;
    TL_TRY(rank_of(x, n, order, a, err));
    TL_TRY(rank_of(y, n, order, b, err));
    for (int i = 0; i < n; i++) {
        xx += a[i] * a[i];
        yy += b[i] * b[i];
        xy += a[i] * b[i];
    }
    *correlation = xx > 0.0 && yy > 0.0 ? xy / sqrt(xx * yy) : (double)NAN;
    tl_arena_rewind(scratch, mark);
    return TL_OK;
}
