/* YAML as a tree; what is written of a map reads back as the same. */
#include "runner/plan/yaml.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

static bool is_same(const tl_yaml *a, const tl_yaml *b)
{
    if (a->kind != b->kind || a->children != b->children) return false;
    if (a->kind == TL_YAML_SCALAR) return strcmp(a->text, b->text) == 0;
    const tl_yaml *x = a->first, *y = b->first;
    for (; x && y; x = x->next, y = y->next) {
        if (!x->key != !y->key || (x->key && strcmp(x->key->text, y->key->text) != 0)) {
            return false;
        }
        if (!is_same(x, y)) return false;
    }
    return !x && !y;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    tl_arena arena = tl_arena_open(FUZZ_MEMORY);
    tl_yaml *root, *again;
    tl_err err;
    const char *text = (const char *)bytes;
    if (tl_yaml_read("input", text, n, &arena, &root, &err) == TL_OK &&
        root->kind == TL_YAML_MAP && root->children > 0) {
        tl_text out = {0};
        tl_yaml_write(root, &out);
        TL_INVARIANT(tl_yaml_read("again", out.at, out.length, &arena, &again, &err) ==
                     TL_OK);
        TL_INVARIANT(is_same(root, again));
        tl_text_close(&out);
    }
    tl_arena_close(&arena);
    return 0;
}
