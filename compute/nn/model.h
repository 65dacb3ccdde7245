/*
 * Room compute/nn: models: architectures, passes, losses, logits, features, tensor
 * parallelism. Uses core, data, linalg, nn/layers, nn/kernels.
 *
 * A model: a list of layers over one block of parameters. The kinds are described in
 * architecture.h.
 */
#ifndef TL_COMPUTE_NN_MODEL_H
#define TL_COMPUTE_NN_MODEL_H

#include "compute/core/rng.h"
#include "compute/core/team.h"
#include "compute/nn/layers/layer.h"
#include "compute/nn/model_spec.h"

/** A model; layers and parameters are in the arena that it was made in. */
typedef struct tl_model {
    tl_model_spec spec;
    int layers;
    tl_layer *layer;         /**< [layers] */
    int halo;                /**< border of images between layers, pixels */
    int positions;           /**< outputs of an example: 1, or one for each token */
    bool is_tensor_parallel; /**< a share of a split model (tensor_parallel.h): all members
                                work on the same rows */
    size_t params;           /**< numbers in `param` */
    float *param;            /**< [params] layer after layer */
} tl_model;

/** One named tensor of a model's parameters, for model files. */
typedef struct tl_tensor {
    char name[32]; /**< "conv0.weight"; of a share "dense0.weight.1", with the part's number
                    */
    int rank, size[4];
    size_t at, count; /**< its place in tl_model.param */
} tl_tensor;

/** Sizes of inference. */
enum {
    TL_INFER_ROWS = 64,     /**< rows of a block of inference; the last block is padded */
    TL_INFER_MAX_RANKS = 64 /**< members of a team for inference alone, at most */
};

/** Checks that there is a model of this spec. \return TL_E_ARG: what does not fit, and what
 * is allowed */
TL_MUST_USE tl_status tl_model_check(const tl_model_spec *spec, tl_err *err);

/** A model of this spec with all parameters 0. \return TL_E_ARG as tl_model_check,
 * TL_E_NOMEM */
TL_MUST_USE tl_status tl_model_new(const tl_model_spec *spec, tl_arena *arena,
                                   tl_model **out, tl_err *err);

/** As tl_model_new without parameters (`param` is NULL): for sizes alone.
 * \return as tl_model_new */
TL_MUST_USE tl_status tl_model_outline(const tl_model_spec *spec, tl_arena *arena,
                                       tl_model **out, tl_err *err);

/** Draws starting weights: normal, with each layer's standard deviation; gains 1, biases
 * and shifts 0. */
void tl_model_init(tl_model *model, const tl_rng *rng);

/** The model's tensors in order, of a share (tensor_parallel.h) part by part.
 * \param tensor result, [count] in `arena`
 * \param count result
 * \return TL_E_NOMEM */
TL_MUST_USE tl_status tl_model_tensors(const tl_model *model, tl_arena *arena,
                                       tl_tensor **tensor, int *count, tl_err *err);

/** Parameters of a model of this spec; 0 if the spec is invalid. */
size_t tl_model_count(const tl_model_spec *spec);

/** FLOP of one example's forward pass, 2 per multiply-add; matrix products only. */
double tl_model_flop(const tl_model_spec *spec);

/** FLOP of one example's forward and backward pass: three times the forward, less the
 * gradient of the input of the first layer with weights. */
double tl_model_train_flop(const tl_model_spec *spec);

/**
 * Logits of `rows` examples (of tokens: for the token after the example), in blocks of
 * TL_INFER_ROWS whose bits do not depend on the team. Collective over `team`: the blocks
 * are divided and gathered, or, with shares of a model, all members work on each.
 *
 * \param input [rows x input]
 * \param logits [rows x classes] result, on every member
 * \return TL_E_NOMEM, TL_E_PEER
 */
TL_MUST_USE tl_status tl_model_logits(const tl_model *model, const float *input, int rows,
                                      const tl_team *team, tl_arena *scratch, float *logits,
                                      tl_err *err);

/** The largest useful team for inference on `rows` rows: a power of two, at most `most`,
 * with a full block for every member; at least 1. */
int tl_infer_max_ranks(int rows, int most);

#endif
