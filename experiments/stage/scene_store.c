#include "experiments/stage/scene_store.h"

#include <string.h>

/* Records are packed so many at a time, on the stack. */
enum { PACKED = 256 };

bool tl_scene_stores(const tl_scene *scene, unsigned kind)
{
    return scene->samples && (scene->samples->wanted & kind) != 0;
}

/* The sink, if it takes lists of this kind from this member and has not failed. */
static tl_samples *sink_of(const tl_scene *scene, unsigned kind)
{
    tl_samples *sink = tl_scene_stores(scene, kind) ? scene->samples : NULL;
    return sink && sink->open && sink->fault.status == TL_OK ? sink : NULL;
}

static bool is_open(tl_samples *sink, const char *name, tl_samples_list *list)
{
    TL_INVARIANT(strlen(name) < sizeof list->name);
    memcpy(list->name, name, strlen(name) + 1);
    return sink->open(sink->self, list, &sink->fault) == TL_OK;
}

static bool is_added(tl_samples *sink, const void *bytes, size_t n)
{
    return sink->append(sink->self, bytes, n, &sink->fault) == TL_OK;
}

static void close_list(tl_samples *sink)
{
    if (sink->fault.status != TL_OK) return;
    const tl_status status = sink->close(sink->self, &sink->fault);
    TL_INVARIANT(status == sink->fault.status);
}

static unsigned char *put(unsigned char *at, const void *value, size_t n)
{
    memcpy(at, value, n);
    return at + n;
}

static unsigned char *put_score(unsigned char *at, const tl_scores *scores, int i)
{
    const unsigned char member = scores->member[i] ? 1 : 0;
    const unsigned char flags = scores->flags ? scores->flags[i] : 0;
    at = put(at, &scores->score[i], sizeof(double));
    at = put(at, &scores->row[i], sizeof(uint32_t));
    at = put(at, &scores->label[i], sizeof(int32_t));
    at = put(at, &member, 1);
    return put(at, &flags, 1);
}

void tl_scene_store_scores(const tl_scene *scene, const tl_scores *scores)
{
    unsigned char packed[PACKED * TL_SCORE_BYTES];
    tl_samples *sink = sink_of(scene, TL_STORE_SCORES);
    tl_samples_list list = {.kind = TL_STORE_SCORES, .rows = (uint64_t)scores->rows};
    if (!sink || !is_open(sink, scores->name, &list)) return;
    for (int first = 0; first < scores->rows; first += PACKED) {
        unsigned char *at = packed;
        for (int i = first; i < scores->rows && i < first + PACKED; i++)
            at = put_score(at, scores, i);
        if (!is_added(sink, packed, (size_t)(at - packed))) return;
    }
    close_list(sink);
}

void tl_scene_store_curve(const tl_scene *scene, const tl_curve *curve)
{
    unsigned char packed[PACKED * TL_POINT_BYTES];
    tl_samples *sink = sink_of(scene, TL_STORE_CURVES);
    tl_samples_list list = {.kind = TL_STORE_CURVES, .rows = (uint64_t)curve->points};
    if (!sink || !is_open(sink, curve->name, &list)) return;
    for (int first = 0; first < curve->points; first += PACKED) {
        unsigned char *at = packed;
        for (int i = first; i < curve->points && i < first + PACKED; i++) {
            at = put(at, &curve->x[i], sizeof(double));
            at = put(at, &curve->y[i], sizeof(double));
        }
        if (!is_added(sink, packed, (size_t)(at - packed))) return;
    }
    close_list(sink);
}

void tl_scene_store_images(const tl_scene *scene, const tl_images *images)
{
    const tl_dataset *rows = images->rows;
    const size_t size = (size_t)tl_shape_size(rows->shape);
    tl_samples *sink = sink_of(scene, TL_STORE_IMAGES);
    tl_samples_list list = {
        .kind = TL_STORE_IMAGES, .rows = (uint64_t)rows->rows, .shape = rows->shape};
    if (!sink || !is_open(sink, images->name, &list)) return;
    for (int i = 0; i < rows->rows; i++) {
        unsigned char head[TL_IMAGE_HEAD_BYTES];
        (void)put(put(head, &rows->origin[i], sizeof(uint32_t)), &rows->label[i],
                  sizeof(int32_t));
        if (!is_added(sink, head, sizeof head)) return;
        if (!is_added(sink, rows->input + (size_t)i * size, size * sizeof(float))) return;
    }
    close_list(sink);
}

void tl_scene_store_failed(const tl_scene *scene, const tl_err *err)
{
    if (!scene->samples || scene->samples->fault.status != TL_OK) return;
    scene->samples->fault = *err;
}
