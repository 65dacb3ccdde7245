/*
 * Rows are assigned class by class: each class is shuffled, and every role takes from its
 * front, in proportion to what is left of each class. Proportions are rounded by Webster's
 * divisor method (highest averages), under which no class gets less when the role grows: so
 * a larger role contains the rows of a smaller one. Of exact duplicates only the first row
 * is used. Of near-duplicates the first is used like any row, the rest (followers) only
 * once those run out; a follower in another role than its first row is then swapped with a
 * row that has no near-duplicate, of its own class if possible. Rows of tokens are assigned
 * as if of one class.
 */
#include "compute/data/roles.h"

#include "compute/core/rng.h"

#include <string.h>

enum { ROLE_POOL, ROLE_VALIDATION, ROLE_ATTACKER, ROLE_TEST, ROLES, NOBODY = ROLES };
static const char *const role_name[ROLES] = {"pool", "validation", "attacker", "test"};

static int official_begin(const tl_source *source, int split)
{
    int begin = 0;
    for (int s = 0; s < split; s++) begin += source->rows[s];
    return begin;
}

/* Rows that represent their group of duplicates. */
/* Classes that rows are stratified by. Most tokens are too rare to be in every role. */
static int strata(const tl_dataset *data)
{
    return data->vocabulary > 0 ? 1 : data->classes;
}

static int stratum(const tl_dataset *data, int row)
{
    return data->vocabulary > 0 ? 0 : data->label[row];
}

static tl_status check_official(const tl_source *source, const tl_split *split, tl_err *err)
{
    TL_CHECK(source->has_splits, err, TL_E_ARG,
             "%s has no official split; give sizes: split: {pool: .., validation: .., "
             "attacker: .., test: ..}",
             source->name);
    TL_CHECK(split->attacker_from_pool < source->rows[TL_SPLIT_TRAIN], err, TL_E_ARG,
             "attacker_from_pool is %d, but the official training split of %s has %d rows",
             split->attacker_from_pool, source->name, source->rows[TL_SPLIT_TRAIN]);
    TL_CHECK(source->rows[TL_SPLIT_TEST] > 0, err, TL_E_ARG,
             "the official test split of %s has no rows", source->name);
    return TL_OK;
}

tl_status tl_split_check(const tl_source *source, const tl_split *split, tl_err *err)
{
    TL_CHECK(split->keep >= 0.0 && split->keep < 1.0, err, TL_E_ARG,
             "keep is %g; allowed is 0 to below 1, so that there are non-members",
             split->keep);
    if (split->official) return check_official(source, split, err);
    TL_CHECK(
        split->attacker_from_pool == 0, err, TL_E_ARG,
        "attacker_from_pool is %d, but is for split: official only; set the size of the "
        "role attacker instead",
        split->attacker_from_pool);
    const int size[ROLES] = {split->pool, split->validation, split->attacker, split->test};
    long sum = 0;
    for (int r = 0; r < ROLES; r++) {
        TL_CHECK(size[r] == 0 || size[r] >= strata(&source->all), err, TL_E_ARG,
                 "role %s has %d rows, fewer than the %d classes", role_name[r], size[r],
                 source->all.classes);
        sum += size[r];
    }
    TL_CHECK(split->pool > 0 && split->test > 0, err, TL_E_ARG,
             "the roles pool and test need rows: pool is %d, test is %d", split->pool,
             split->test);
    const int have = source->distinct;
    TL_CHECK(
        sum <= have, err, TL_E_ARG,
        "the roles need pool %d + validation %d + attacker %d + test %d = %ld rows, but %s "
        "has %d distinct ones (%d with duplicates)",
        size[0], size[1], size[2], size[3], sum, source->name, have, source->all.rows);
    return TL_OK;
}

/*
 * Divides `total` among classes in proportion to `have` [classes]: the next row goes to the
 * class with the largest have / (2 share + 1).
 */
static void share_out(const int *have, int classes, int total, int *share)
{
    for (int c = 0; c < classes; c++) share[c] = 0;
    for (int given = 0; given < total; given++) {
        int best = -1;
        for (int c = 0; c < classes; c++) {
            if (share[c] >= have[c]) continue;
            if (best < 0 || (int64_t)have[c] * (2 * (int64_t)share[best] + 1) >
                                (int64_t)have[best] * (2 * (int64_t)share[c] + 1)) {
                best = c;
            }
        }
        if (best < 0) return;
        share[best]++;
    }
}

typedef struct dealer {
    const tl_source *source;
    const tl_split *split;
    tl_rng rng;    /* of the order of rows; sub-stream c for class c */
    int *order;    /* [rows] rows by class, each class in random order */
    int *begin;    /* [classes] index of the first unassigned row */
    int *left;     /* [classes] unassigned rows */
    int *share;    /* [classes] scratch */
    uint8_t *role; /* [rows] the row's role */
    int *list;     /* [rows] scratch */
} dealer;

static tl_status open_dealer(const tl_source *source, const tl_split *split, uint64_t seed,
                             uint32_t replicate, tl_arena *arena, dealer *d, tl_err *err)
{
    *d = (dealer){.source = source, .split = split};
    d->rng = tl_rng_stream(seed, replicate, "data", 0, "roles");
    TL_ALLOC(d->order, arena, source->all.rows, err);
    TL_ALLOC(d->list, arena, source->all.rows, err);
    TL_ALLOC(d->role, arena, source->all.rows, err);
    const int classes = strata(&source->all);
    TL_ALLOC(d->begin, arena, classes, err);
    TL_ALLOC(d->left, arena, classes, err);
    TL_ALLOC(d->share, arena, classes, err);
    memset(d->role, NOBODY, (size_t)source->all.rows);
    return TL_OK;
}

/* Sets list[g] to 1 + the first row of group g (as `name` has it) in [from, to). */
static void find_firsts(dealer *d, const int32_t *name, int from, int to)
{
    memset(d->list, 0, (size_t)d->source->all.rows * sizeof *d->list);
    for (int i = to - 1; i >= from; i--) d->list[name[i]] = 1 + i;
}

/* Orders the rows that find_firsts found, under the same `name`. */
static void order_firsts(dealer *d, const int32_t *name, uint64_t stream)
{
    const tl_dataset *all = &d->source->all;
    int at = 0;
    for (int c = 0; c < strata(all); c++) {
        d->begin[c] = at;
        for (int i = 0; i < all->rows; i++) {
            if (stratum(all, i) == c && d->list[name[i]] == 1 + i) d->order[at++] = i;
        }
        d->left[c] = at - d->begin[c];
        tl_rng rng = tl_rng_sub(&d->rng, stream + (uint64_t)c);
        tl_rng_shuffle(&rng, d->order + d->begin[c], d->left[c]);
    }
}

static void order_rows(dealer *d, const int32_t *name, int from, int to)
{
    find_firsts(d, name, from, to);
    order_firsts(d, name, 0);
}

/* Orders the rows that are near-duplicates, but no copies, of an earlier one. */
static void order_followers(dealer *d)
{
    const tl_source *source = d->source;
    find_firsts(d, source->group, 0, source->all.rows);
    for (int i = 0; i < source->all.rows; i++) {
        if (source->duplicate_of[i] == i) d->list[source->group[i]] = 0;
    }
    order_firsts(d, source->group, (uint64_t)strata(&source->all));
}

/* Gives `total` of the remaining rows to `role`, stratified; returns how many there were.
 */
static int deal(dealer *d, int role, int total)
{
    const int classes = strata(&d->source->all);
    int assigned = 0;
    share_out(d->left, classes, total, d->share);
    for (int c = 0; c < classes; c++) {
        for (int i = 0; i < d->share[c]; i++) {
            d->role[d->order[d->begin[c] + i]] = (uint8_t)role;
        }
        d->begin[c] += d->share[c];
        d->left[c] -= d->share[c];
        assigned += d->share[c];
    }
    return assigned;
}

/* A row of this role without near-duplicates, of this class if possible, or -1. \param
 * is_alone by row */
static int find_alone(const dealer *d, const int *is_alone, uint8_t role, int32_t class)
{
    int any = -1;
    for (int i = 0; i < d->source->all.rows; i++) {
        if (!is_alone[i] || d->role[i] != role) continue;
        if (stratum(&d->source->all, i) == class) return i;
        if (any < 0) any = i;
    }
    return any;
}

/* Moves all assigned rows of a group into `role`, swapping them with rows that are alone;
 * false, and nothing done, if the role has too few of those. */
static bool gather(dealer *d, const int *is_alone, int32_t head, uint8_t role)
{
    const tl_source *source = d->source;
    int wanted = 0, have = 0;
    for (int i = 0; i < source->all.rows; i++) {
        const bool is_assigned = d->role[i] != NOBODY;
        wanted += source->duplicate_of[i] == head && is_assigned && d->role[i] != role;
        have += is_alone[i] && d->role[i] == role;
    }
    if (wanted > have) return false;
    for (int i = head; i < source->all.rows && wanted > 0; i++) {
        if (source->duplicate_of[i] != head || d->role[i] == NOBODY || d->role[i] == role)
            continue;
        d->role[find_alone(d, is_alone, role, stratum(&source->all, i))] = d->role[i];
        d->role[i] = role;
        wanted--;
    }
    return true;
}

/* Moves near-duplicates in several roles into that of their first row, or the next that can
 * take them. */
static void reunite(dealer *d)
{
    const tl_source *source = d->source;
    const int rows = source->all.rows;
    int *is_alone = d->list;
    for (int i = 0; i < rows; i++) is_alone[i] = source->duplicate_of[i] == i;
    for (int i = 0; i < rows; i++) { /* copies are unassigned and do not count */
        if (source->duplicate_of[i] != i && source->group[i] == i)
            is_alone[source->duplicate_of[i]] = 0;
    }
    for (int i = 0; i < rows; i++) {
        const int32_t head = source->duplicate_of[i];
        if (d->role[i] == NOBODY || d->role[i] == d->role[head]) continue;
        bool is_done = gather(d, is_alone, head, d->role[head]);
        for (uint8_t r = 0; r < ROLES && !is_done; r++) {
            is_done = gather(d, is_alone, head, r);
        }
    }
}

static void deal_drawn(dealer *d)
{
    /* Test and attacker first: their rows stay while the pool grows. */
    static const int in_order[ROLES] = {ROLE_TEST, ROLE_ATTACKER, ROLE_VALIDATION,
                                        ROLE_POOL};
    const tl_split *split = d->split;
    const int size[ROLES] = {split->pool, split->validation, split->attacker, split->test};
    bool has_followers = false;
    order_rows(d, d->source->duplicate_of, 0, d->source->all.rows);
    for (int k = 0; k < ROLES; k++) {
        const int role = in_order[k], assigned = deal(d, role, size[role]);
        if (assigned == size[role]) continue;
        if (!has_followers) order_followers(d);
        has_followers = true;
        (void)deal(d, role, size[role] - assigned);
    }
    if (has_followers) reunite(d);
}

/* The attacker holds no copy of a pool row. */
static void purge_attacker(dealer *d, int rows)
{
    const int32_t *group = d->source->group;
    int *is_owned = d->list;
    memset(is_owned, 0, (size_t)d->source->all.rows * sizeof *is_owned);
    for (int i = 0; i < rows; i++) {
        if (d->role[i] == ROLE_POOL) is_owned[group[i]] = 1;
    }
    for (int i = 0; i < rows; i++) {
        if (d->role[i] == ROLE_ATTACKER && is_owned[group[i]]) d->role[i] = NOBODY;
    }
}

static void deal_official(dealer *d)
{
    const tl_source *source = d->source;
    const int validation = official_begin(source, TL_SPLIT_VALIDATION);
    const int test = official_begin(source, TL_SPLIT_TEST);
    order_rows(d, source->group, validation, test);
    (void)deal(d, ROLE_VALIDATION, source->rows[TL_SPLIT_VALIDATION] / 2);
    (void)deal(d, ROLE_ATTACKER, source->rows[TL_SPLIT_VALIDATION]);
    order_rows(d, source->group, 0, validation);
    (void)deal(d, ROLE_ATTACKER, d->split->attacker_from_pool);
    (void)deal(d, ROLE_POOL, validation);
    /* If all of the pool is trained on, copies within it do no harm: keep it as published.
     */
    for (int i = 0; d->split->keep == 0.0 && i < validation; i++) {
        if (d->role[i] == NOBODY && d->role[source->group[i]] == ROLE_POOL) {
            d->role[i] = ROLE_POOL;
        }
    }
    purge_attacker(d, test);
    for (int i = test; i < source->all.rows; i++) d->role[i] = ROLE_TEST;
}

static int list_role(dealer *d, int role)
{
    int count = 0;
    for (int i = 0; i < d->source->all.rows; i++) {
        if (d->role[i] == role) d->list[count++] = i;
    }
    return count;
}

/* Rows of the pool, then, without `keep`, the test rows that are near to no pool row. */
static tl_status make_pool(dealer *d, tl_arena *arena, tl_roles *out, tl_err *err)
{
    const tl_source *source = d->source;
    const int pool = list_role(d, ROLE_POOL);
    int all = pool;
    bool *is_in_pool = NULL;
    TL_ALLOC(is_in_pool, arena, source->all.rows, err);
    for (int i = 0; i < pool; i++) is_in_pool[source->duplicate_of[d->list[i]]] = true;
    for (int i = 0; d->split->keep == 0.0 && i < source->all.rows; i++) {
        if (d->role[i] != ROLE_TEST) continue;
        if (is_in_pool[source->duplicate_of[i]]) {
            out->copies++;
        } else {
            d->list[all++] = i;
        }
    }
    TL_TRY(tl_dataset_pick(&source->all, d->list, all, arena, &out->pool, err));
    for (int i = 0; i < pool; i++) out->pool->flags[i] = TL_ROW_MEMBER;
    return TL_OK;
}

static int kept_of(int rows, double keep)
{
    return (int)(keep * rows + 0.5);
}

/* Keeps a random share of each class as members. */
static tl_status draw_members(tl_dataset *pool, const tl_split *split, uint64_t seed,
                              uint32_t replicate, tl_arena *arena, tl_err *err)
{
    if (split->keep == 0.0) return TL_OK;
    int *row, *have, *share;
    TL_ALLOC(row, arena, pool->rows, err);
    const int classes = strata(pool);
    TL_ALLOC(have, arena, classes, err);
    TL_ALLOC(share, arena, classes, err);
    for (int i = 0; i < pool->rows; i++) have[stratum(pool, i)]++;
    share_out(have, classes, kept_of(pool->rows, split->keep), share);
    const tl_rng all = tl_rng_stream(seed, replicate, "data", 0, "keep");
    for (int c = 0; c < classes; c++) {
        int count = 0;
        for (int i = 0; i < pool->rows; i++) {
            if (stratum(pool, i) == c) row[count++] = i;
        }
        tl_rng rng = tl_rng_sub(&all, (uint64_t)c);
        tl_rng_shuffle(&rng, row, count);
        for (int i = share[c]; i < count; i++) pool->flags[row[i]] = 0;
    }
    return TL_OK;
}

/* Flags pool rows with a near-duplicate on the other side of membership; this includes the
 * test rows that make_pool left out. */
static tl_status flag_near_duplicates(const dealer *d, tl_dataset *pool, tl_arena *arena,
                                      tl_err *err)
{
    enum { HAS_MEMBER = 1, HAS_OTHER = 2 };
    const int32_t *duplicate_of = d->source->duplicate_of;
    uint8_t *side;
    TL_ALLOC(side, arena, d->source->all.rows, err);
    for (int i = 0; i < pool->rows; i++) {
        const bool is_member = pool->flags[i] & TL_ROW_MEMBER;
        side[duplicate_of[pool->origin[i]]] |= is_member ? HAS_MEMBER : HAS_OTHER;
    }
    for (int i = 0; d->split->keep == 0.0 && i < d->source->all.rows; i++) {
        if (d->role[i] == ROLE_TEST) side[duplicate_of[i]] |= HAS_OTHER;
    }
    for (int i = 0; i < pool->rows; i++) {
        if (side[duplicate_of[pool->origin[i]]] == (HAS_MEMBER | HAS_OTHER)) {
            pool->flags[i] |= TL_ROW_NEAR_DUPLICATE;
        }
    }
    return TL_OK;
}

static tl_key hash_roles(const dealer *d, const tl_dataset *pool)
{
    tl_hash hash = {0};
    tl_hash_bytes(&hash, d->role, (size_t)d->source->all.rows);
    tl_hash_bytes(&hash, pool->flags, (size_t)pool->rows);
    tl_hash_key(&hash, &d->source->content);
    return tl_hash_end(&hash);
}

tl_status tl_roles_draw(const tl_source *source, const tl_split *split, uint64_t seed,
                        uint32_t replicate, tl_arena *arena, tl_roles *out, tl_err *err)
{
    TL_TRY(tl_split_check(source, split, err));
    dealer d;
    TL_TRY(open_dealer(source, split, seed, replicate, arena, &d, err));
    if (split->official) {
        deal_official(&d);
    } else {
        deal_drawn(&d);
    }
    *out = (tl_roles){0};
    tl_dataset **part[ROLES] = {NULL, &out->validation, &out->attacker, &out->test};
    for (int r = ROLE_VALIDATION; r < ROLES; r++) {
        const int count = list_role(&d, r);
        TL_TRY(tl_dataset_pick(&source->all, d.list, count, arena, part[r], err));
    }
    TL_TRY(make_pool(&d, arena, out, err));
    TL_TRY(draw_members(out->pool, split, seed, replicate, arena, err));
    TL_TRY(flag_near_duplicates(&d, out->pool, arena, err));
    out->split_hash = hash_roles(&d, out->pool);
    return TL_OK;
}

void tl_split_sizes(const tl_source *source, const tl_split *split, int *pool, int *members,
                    int *validation, int *attacker, int *test)
{
    if (split->official) {
        *validation = source->rows[TL_SPLIT_VALIDATION] / 2;
        *attacker =
            source->rows[TL_SPLIT_VALIDATION] - *validation + split->attacker_from_pool;
        *test = source->rows[TL_SPLIT_TEST];
        *pool = source->rows[TL_SPLIT_TRAIN] - split->attacker_from_pool;
    } else {
        *validation = split->validation;
        *attacker = split->attacker;
        *test = split->test;
        *pool = split->pool;
    }
    *members = split->keep == 0.0 ? *pool : kept_of(*pool, split->keep);
    if (split->keep == 0.0) *pool += *test;
}
