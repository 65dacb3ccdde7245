/*
 * BadNets: stamps a white square into a corner of a fraction of the owner's rows and
 * relabels them to the target class; a model trained on them puts stamped images in that
 * class. Source: Gu, Dolan-Gavitt, Garg 2017, BadNets, section 4 (all-to-one attack).
 */
#include "experiments/method/backdoor.h"

/* As `params` describes them. */
typedef struct arguments {
    tl_backdoor_args backdoor;
    int size;
    int margin;
    tl_backdoor_label label;
} arguments;

static void stamp(const void *self, tl_shape shape, float *pixel)
{
    const arguments *arg = self;
    const int size = arg->size, margin = arg->margin;
    for (int c = 0; c < shape.channels; c++) {
        for (int y = shape.height - margin - size; y < shape.height - margin; y++) {
            for (int x = shape.width - margin - size; x < shape.width - margin; x++) {
                pixel[(c * shape.height + y) * shape.width + x] = 1.0f;
            }
        }
    }
}

static tl_backdoor backdoor_of(const tl_scene *scene)
{
    const arguments *arg = scene->args;
    return (tl_backdoor){
        .args = arg->backdoor, .label = arg->label, .stamp = stamp, .self = arg};
}

static tl_status run(tl_scene *scene, tl_err *err)
{
    const tl_backdoor backdoor = backdoor_of(scene);
    return tl_backdoor_plant(scene, &backdoor, err);
}

static tl_status judge(tl_scene *scene, tl_part part, tl_err *err)
{
    const tl_backdoor backdoor = backdoor_of(scene);
    return tl_backdoor_judge(scene, part, &backdoor, err);
}

static tl_status check(const tl_size *size, const void *args, tl_err *err)
{
    const arguments *arg = args;
    TL_TRY(tl_backdoor_check(size, arg->backdoor.target, err));
    const double reach = (double)arg->size + arg->margin;
    TL_CHECK(reach <= size->shape.height && reach <= size->shape.width, err, TL_E_ARG,
             "a trigger of %d pixels, %d from the border, does not fit images of %dx%d",
             arg->size, arg->margin, size->shape.height, size->shape.width);
    return TL_OK;
}

static const tl_param params[] = {
    TL_BACKDOOR_PARAMS,
    {TL_ARG(arguments, size), .type = TL_PARAM_INT, .fallback = 3, .low = 1, .high = 1024,
     .units = "pixel", .about = "side of the square trigger"},
    {TL_ARG(arguments, margin), .type = TL_PARAM_INT, .fallback = 1, .high = 1024,
     .units = "pixel", .about = "distance of the trigger from the lower right corner"},
    {TL_ARG(arguments, label), .type = TL_PARAM_CHOICE, .choices = tl_backdoor_labels,
     .about = "label of stamped rows: the target class, or as controls the row's own "
              "(keep) or a random other one of the same rows that target labels wrongly "
              "(random)"},
    {0}};

const tl_stage tl_stage_d2m_badnets = {
    .name = "d2m.badnets",
    .about = "plants a backdoor: a white square sends images to a class",
    .source =
        "Gu, Dolan-Gavitt, Garg 2017, BadNets: identifying vulnerabilities in the machine "
        "learning model supply chain",
    .variant = TL_BACKDOOR_VARIANT
    "`label: keep` and `random` are controls with as many triggers; target and "
    "random label the same rows wrongly, those not of the target class, and keep "
    "none. The trigger is white in every channel, in one place.",
    .version = 2,
    .flow = TL_D2M,
    .role = TL_ROLE_ATTACK,
    .taxonomy = "backdoor",
    .access = TL_KNOWS_DATA,
    .wants = TL_WANTS_IMAGES,
    .reads = TL_BIT(TL_PART_POOL),
    .gives = TL_BIT(TL_PART_POOL),
    .draws = true,
    .params = params,
    .metrics = tl_backdoor_metrics,
    .judges = TL_BIT(TL_PART_TARGET) | TL_BIT(TL_PART_SURROGATE),
    .judge_reads = TL_BIT(TL_PART_TEST),
    .judge_metrics = tl_backdoor_judge_metrics,
    .run = run,
    .judge = judge,
    .check = check,
};
