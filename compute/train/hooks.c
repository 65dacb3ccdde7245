#include "compute/train/hooks.h"

#include "compute/train/noise.h"

#include <math.h>

static bool has_functions(const tl_hooks *hooks)
{
    return hooks->inputs || hooks->weights || hooks->epoch || hooks->mask;
}

bool tl_hooks_any(const tl_hooks *hooks)
{
    return has_functions(hooks) || hooks->clip_each != 0.0 || hooks->noise != 0.0;
}

void tl_hooks_hash(const tl_hooks *hooks, tl_hash *hash)
{
    if (!tl_hooks_any(hooks)) return;
    const bool set[] = {hooks->inputs != NULL, hooks->weights != NULL, hooks->epoch != NULL,
                        hooks->mask != NULL};
    tl_hash_text(hash, "hooks");
    tl_hash_text(hash, hooks->name);
    for (int i = 0; i < TL_HOOK_NUMBERS; i++) tl_hash_real(hash, hooks->number[i]);
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) tl_hash_u64(hash, set[i]);
    tl_hash_real(hash, hooks->clip_each);
    tl_hash_real(hash, hooks->noise);
}

tl_status tl_hooks_check(const tl_hooks *hooks, const tl_model_spec *spec, tl_err *err)
{
    if (!tl_hooks_any(hooks)) return TL_OK;
    TL_CHECK(hooks->name || !has_functions(hooks), err, TL_E_ARG,
             "hooks of a training need a name, which is part of its key");
    TL_CHECK(isfinite(hooks->clip_each) && hooks->clip_each >= 0.0, err, TL_E_ARG,
             "each row's gradient is clipped to a norm above 0, or 0 for none, not %g",
             hooks->clip_each);
    TL_CHECK(isfinite(hooks->noise) && hooks->noise >= 0.0, err, TL_E_ARG,
             "noise is a multiple of the clipping norm, 0 or more, not %g", hooks->noise);
    TL_CHECK(hooks->noise == 0.0 || hooks->clip_each > 0.0, err, TL_E_ARG,
             "noise is a multiple of the clipping norm of each row: set that norm too");
    TL_CHECK(!hooks->inputs || !tl_model_reads_tokens(spec->kind), err, TL_E_ARG,
             "inputs that are changed in training must be numbers: a %s reads tokens",
             tl_model_kind_name(spec->kind));
    TL_CHECK(spec->splits <= 1, err, TL_E_ARG,
             "a split model is trained without hooks: set splits to 1, not %d",
             spec->splits);
    return TL_OK;
}

bool tl_hooks_cost_same(const tl_hooks *a, const tl_hooks *b)
{
    return (a->clip_each > 0.0) == (b->clip_each > 0.0) &&
           (a->noise > 0.0) == (b->noise > 0.0) && a->inputs == b->inputs &&
           a->gradients == b->gradients && a->weights == b->weights && a->mask == b->mask;
}

void tl_hooks_alter_sum(const tl_hooks *hooks, const tl_rng *noise,
                        const unsigned char *mask, tl_slice slice, float *sum)
{
    if (hooks->noise > 0.0)
        tl_noise_add(noise, hooks->noise * hooks->clip_each, slice, sum);
    for (size_t i = slice.at; mask && i < slice.at + slice.n; i++) {
        if (!mask[i]) sum[i] = 0.0f;
    }
}
