/* Sources through memory in common: what is found is what was opened, and who finds nothing
 * opens the source itself. */
#include "compute/data/shared_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const tl_source_want wanted = {
    .examples = 60, .classes = 3, .difficulty = 0.3, .context = 12};

/* Commons of one block within this process. */
typedef struct blocks_here {
    tl_key key;
    unsigned char *bytes;
    size_t n;
    bool is_open, refuses, is_lost;
    int found;
} blocks_here;

static void *find(void *self, const tl_key *key, size_t *n)
{
    blocks_here *s = self;
    if (!s->is_open || !tl_key_equal(key, &s->key)) return NULL;
    s->found++;
    *n = s->n;
    return s->bytes;
}

static void *begin(void *self, const tl_key *key, size_t n)
{
    blocks_here *s = self;
    if (s->refuses) return NULL;
    assert_null(s->bytes);
    s->key = *key;
    s->n = n;
    return s->bytes = calloc(n, 1);
}

static void *end(void *self, void *room)
{
    blocks_here *s = self;
    assert_ptr_equal(room, s->bytes);
    s->is_open = !s->is_lost;
    return s->is_open ? s->bytes : NULL;
}

static tl_source *open_by(blocks_here *s, bool publishes, const char *name, tl_arena *arena)
{
    const tl_shared_blocks shared_blocks = {s, publishes, find, begin, end};
    tl_source *source;
    assert_int_equal(
        tl_source_open_shared(name, NULL, &wanted, &shared_blocks, arena, &source, NULL),
        TL_OK);
    return source;
}

static void assert_same(const tl_source *a, const tl_source *b)
{
    const size_t rows = (size_t)a->all.rows;
    const size_t pixels = rows * (size_t)tl_shape_size(a->all.shape);
    assert_memory_equal(&a->all.shape, &b->all.shape, sizeof a->all.shape);
    assert_int_equal(a->all.rows, b->all.rows);
    assert_int_equal(a->all.classes, b->all.classes);
    assert_int_equal(a->all.vocabulary, b->all.vocabulary);
    assert_memory_equal(a->all.input, b->all.input, pixels * sizeof *a->all.input);
    assert_memory_equal(a->all.label, b->all.label, rows * sizeof *a->all.label);
    assert_memory_equal(a->all.flags, b->all.flags, rows * sizeof *a->all.flags);
    assert_memory_equal(a->all.origin, b->all.origin, rows * sizeof *a->all.origin);
    assert_memory_equal(a->group, b->group, rows * sizeof *a->group);
    assert_memory_equal(a->duplicate_of, b->duplicate_of, rows * sizeof *a->duplicate_of);
    assert_memory_equal(a->rows, b->rows, sizeof a->rows);
    assert_memory_equal(&a->near_duplicates, &b->near_duplicates,
                        sizeof a->near_duplicates);
    assert_true(a->has_splits == b->has_splits && tl_key_equal(&a->content, &b->content));
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->note, b->note);
}

static void check(const char *name)
{
    tl_arena arena = tl_arena_open(0);
    blocks_here s = {0};
    tl_source *plain;
    assert_int_equal(tl_source_open(name, NULL, &wanted, &arena, &plain, NULL), TL_OK);
    const size_t before = tl_arena_mark(&arena);
    const tl_source *published = open_by(&s, true, name, &arena);
    const tl_source *found = open_by(&s, false, name, &arena);
    assert_int_equal(s.found, 1);
    assert_same(plain, published);
    assert_same(plain, found);
    assert_ptr_equal(published->all.input, found->all.input);
    assert_true(tl_arena_mark(&arena) - before < 4096); /* no rows of their own */
    tl_arena_close(&arena);
    free(s.bytes);
}

static void what_is_found_is_what_was_opened(void **state)
{
    (void)state;
    check("synthetic/lesions");
    check("synthetic/markov");
}

static void who_finds_nothing_opens_the_source_itself(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    blocks_here s = {.refuses = true};
    const tl_source *whole = open_by(&s, true, "synthetic/lesions", &arena);
    assert_same(whole, open_by(&s, false, "synthetic/lesions", &arena));
    s.refuses = false;
    s.is_lost = true;
    assert_same(whole, open_by(&s, true, "synthetic/lesions", &arena));
    free(s.bytes);
    s = (blocks_here){0};
    (void)open_by(&s, true, "synthetic/markov", &arena); /* another one */
    assert_same(whole, open_by(&s, false, "synthetic/lesions", &arena));
    assert_int_equal(s.found, 0);
    free(s.bytes);
    tl_arena_close(&arena);
}

static void damaged_blocks_are_not_believed(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    blocks_here s = {0};
    const tl_source *whole = open_by(&s, true, "synthetic/lesions", &arena);
    const size_t n = s.n, lengths[] = {0, 8, n / 2, n - 1};
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        s.n = lengths[k];
        const tl_source *other = open_by(&s, false, "synthetic/lesions", &arena);
        assert_same(whole, other);
        assert_ptr_not_equal(whole->all.input, other->all.input);
    }
    s.n = n;
    s.bytes[0] ^= 1;
    assert_ptr_not_equal(whole->all.input,
                         open_by(&s, false, "synthetic/lesions", &arena)->all.input);
    s.bytes[0] ^= 1;
    assert_ptr_equal(whole->all.input,
                     open_by(&s, false, "synthetic/lesions", &arena)->all.input);
    tl_arena_close(&arena);
    free(s.bytes);
}

static void what_cannot_be_opened_is_refused_alike(void **state)
{
    (void)state;
    tl_arena arena = tl_arena_open(0);
    tl_source *source;
    tl_err plain = {0}, shared = {0};
    blocks_here s = {0};
    const tl_shared_blocks shared_blocks = {&s, true, find, begin, end};
    assert_int_equal(
        tl_source_open("mnist/t10k", "/nowhere", NULL, &arena, &source, &plain), TL_E_IO);
    assert_int_equal(tl_source_open_shared("mnist/t10k", "/nowhere", NULL, &shared_blocks,
                                           &arena, &source, &shared),
                     TL_E_IO);
    assert_string_equal(plain.text, shared.text);
    assert_null(s.bytes);
    tl_arena_close(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_found_is_what_was_opened),
        cmocka_unit_test(who_finds_nothing_opens_the_source_itself),
        cmocka_unit_test(damaged_blocks_are_not_believed),
        cmocka_unit_test(what_cannot_be_opened_is_refused_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
