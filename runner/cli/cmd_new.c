/*
 * threatloop new: a commented plan to start from.
 */
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"

#include "compute/core/log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static const tl_usage usage = {
    .command = "new",
    .forms = "[NAME]",
    .about =
        "Writes a commented plan to start from to NAME.yaml, or without NAME to stdout.\n"
        "An existing file is never overwritten (exit 2).\n",
    .options = (const tl_option[]){{0}},
    .most = 1,
    .wants = "new takes one name or none"};

static const char head[] =
    "# A plan: what threatloop runs. Try it:  threatloop plan FILE   threatloop run FILE\n"
    "# A list is an axis of the sweep; axes multiply. Unknown words are errors.\n";

static const char body[] =
    "about: Does poisoning the training data change what the trained model leaks?\n"
    "seed: 1                      # another seed, other random numbers everywhere\n"
    "replicates: 6                # 0..5; later 6..11 gives another six to pool with these\n"
    "\n"
    "data:\n"
    "  source: synthetic/lesions  # threatloop list data; a path to an .npz works too\n"
    "  # roles, disjoint: the owner's pool (half of it trained on), validation, the\n"
    "  # attacker's own rows, test. Or: split: official\n"
    "  split: {pool: 400, keep: 0.5, validation: 100, attacker: 200, test: 300}\n"
    "\n"
    "model: {kind: cnn, width: 8}  # threatloop list models\n"
    "recipe: {epochs: 8, batch: 32, optimizer: adamw, lr: 2.0e-3}\n"
    "\n"
    "# Stages in order (threatloop list stages, threatloop describe d2m.badnets).\n"
    "chain:\n"
    "  - one_of:                  # alternatives at one place; the first is the reference\n"
    "      as: poison\n"
    "      options:\n"
    "        - none\n"
    "        - d2m.label_flip: {rate: 0.1}\n"
    "        - d2m.badnets: {rate: [0.02, 0.1], target: 0}\n"
    "  - train\n"
    "  - measure.utility\n"
    "  - m2m.model_extraction: {queries: [100, 200]}\n"
    "  - m2d.global_threshold\n"
    "  # - rounds: 2                # with a stage that recovers data: the chain runs again, the\n"
    "  #                          # attacker's rows joined by them; metrics end in _round2\n"
    "\n"
    "# sweep: {zip: [[m2m.model_extraction.queries, recipe.epochs]]}   # move together\n"
    "# exclude: [{poison: none, m2m.model_extraction.queries: 100}]    # leave out\n"
    "\n"
    "# What is tested; every other effect is exploratory.\n"
    "hypotheses:\n"
    "  - {effect: poison, on: m2d_global_threshold_auc, direction: changes}\n"
    "# A hypothesis may carry the claim that it tests; level names one alternative, or is\n"
    "# trend for an axis over 3 numbers or more:\n"
    "# - {claim: poisoning amplifies membership inference, effect: poison,\n"
    "#    level: d2m.badnets, on: m2d_global_threshold_auc, direction: raises}\n";

static int write_file(const char *name)
{
    char path[4096];
    const size_t length = strlen(name);
    const int has_ending = length > 5 && strcmp(name + length - 5, ".yaml") == 0;
    const int n = snprintf(path, sizeof path, "%s%s", name, has_ending ? "" : ".yaml");
    if (n <= 0 || n >= (int)sizeof path) {
        tl_log(TL_LOG_ERROR, "the name of the plan is too long");
        return TL_EXIT_USAGE;
    }
    const int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        const int is_there = errno == EEXIST;
        tl_log(TL_LOG_ERROR, "%s: %s", path,
               is_there ? "exists and is not overwritten" : strerror(errno));
        return is_there ? TL_EXIT_USAGE : TL_EXIT_ERROR;
    }
    FILE *file = fdopen(descriptor, "w");
    if (!file) {
        (void)close(descriptor);
        tl_log(TL_LOG_ERROR, "%s: %s", path, strerror(errno));
        return TL_EXIT_ERROR;
    }
    const int written = fprintf(file, "%s%s", head, body);
    if (fclose(file) != 0 || written < 0) {
        tl_log(TL_LOG_ERROR, "%s: cannot be written: %s", path, strerror(errno));
        return TL_EXIT_ERROR;
    }
    (void)fprintf(stderr, "wrote %s; next: threatloop plan %s\n", path, path);
    return TL_EXIT_DONE;
}

int tl_cmd_new(int argc, char **argv)
{
    tl_words words;
    int code;
    if (!tl_options_read(&usage, argc, argv, NULL, &words, &code)) return code;
    if (words.count == 1 && !*words.at[0]) return tl_options_refuse("new", "empty name");
    if (words.count == 1) return write_file(words.at[0]);
    (void)printf("%sname: my-experiment\n%s", head, body);
    return TL_EXIT_DONE;
}
