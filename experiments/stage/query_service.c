#include "experiments/stage/query_service.h"

#include <string.h>

const tl_service *tl_service_plain(void)
{
    static const tl_service plain;
    return &plain;
}

tl_status tl_service_add(const tl_service *service, const tl_service_link *link,
                         tl_arena *arena, const tl_service **out, tl_err *err)
{
    tl_service *longer;
    const tl_service_link **all;
    TL_ALLOC_RECORDS(longer, arena, 1, err);
    TL_ALLOC_RECORDS(all, arena, service->links + 1, err);
    for (int i = 0; i < service->links; i++) all[i] = service->link[i];
    all[service->links] = link;
    *longer = (tl_service){.links = service->links + 1, .link = all};
    *out = longer;
    return TL_OK;
}

const tl_service_link *tl_service_withholds_logits(const tl_service *service)
{
    for (int i = 0; i < service->links; i++) {
        if (!service->link[i]->gives_logits) return service->link[i];
    }
    return NULL;
}

int tl_answer_top(const double *row, int classes)
{
    int best = 0;
    for (int c = 1; c < classes; c++) {
        if (row[c] > row[best]) best = c;
    }
    return best;
}

void tl_answer_keep_label(double *row, int classes)
{
    const int best = tl_answer_top(row, classes);
    for (int c = 0; c < classes; c++) row[c] = c == best ? 1.0 : 0.0;
}

tl_rng tl_link_rng(const tl_service_link *link, const tl_query *query)
{
    const tl_key question = tl_key_of(query->input, query->size * sizeof *query->input);
    uint64_t item;
    memcpy(&item, &question, sizeof item);
    const tl_rng own = tl_rng_sub(&link->stream, query->copy);
    return tl_rng_sub(&own, item);
}

void tl_service_hash(const tl_service *service, tl_hash *hash)
{
    tl_hash_u64(hash, (uint64_t)service->links);
    for (int i = 0; i < service->links; i++) {
        uint32_t word[4];
        tl_rng_block(&service->link[i]->stream, 0, word);
        const tl_key stream = tl_key_of(word, sizeof word);
        tl_hash_text(hash, service->link[i]->name);
        tl_hash_u64(hash, service->link[i]->state);
        tl_hash_key(hash, &stream);
    }
}
