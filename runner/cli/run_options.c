#include "runner/cli/run_options.h"

#include "compute/core/failpoint.h"
#include "compute/core/text.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HUNG_AFTER = 256, MEMORY }; /* options without a letter */

static const struct option long_options[] = {
    {"set", required_argument, NULL, 's'},
    {"data", required_argument, NULL, 'd'},
    {"output", required_argument, NULL, 'o'},
    {"dir", required_argument, NULL, 'D'},
    {"resume", no_argument, NULL, 'r'},
    {"no-sharing", no_argument, NULL, 'S'},
    {"walltime", required_argument, NULL, 'w'},
    {"max-failures", required_argument, NULL, 'f'},
    {"max-step-deaths", required_argument, NULL, 'k'},
    {"widest", required_argument, NULL, 'W'},
    {"memory", required_argument, NULL, MEMORY},
    {"checkpoint-every", required_argument, NULL, 'c'},
    {"accept-build", no_argument, NULL, 'b'},
    {"hung-after", required_argument, NULL, HUNG_AFTER},
    {"inject", required_argument, NULL, 'i'},
    {"quiet", no_argument, NULL, 'q'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0}};

const char *tl_run_options_help(void)
{
    return "usage: threatloop run PLAN [-o FILE.nc] [--dir DIR] [--set PATH=VALUE]...\n"
           "                      [--data DIR] [--resume] [--walltime HH:MM:SS] ...\n\n"
           "Runs a plan: a YAML file, or the name of a shipped plan (threatloop list plans).\n"
           "Alone it computes on one core; `cluster/launch -n 4 run PLAN` on four. The result\n"
           "file is the same, byte for byte, for any number of ranks.\n\n"
           "  -o, --output FILE    result file (default: <plan name>.nc)\n"
           "  --dir DIR            run directory: journal and models (default: FILE without .nc,\n"
           "                       plus .run)\n"
           "  --set PATH=VALUE     change the plan: recipe.epochs=5, badnets.rate=[0,0.1], seed=2\n"
           "  --data DIR           where data sets lie (else THREATLOOP_DATA, else the cache)\n"
           "  --resume             go on with what DIR holds; steps that are done are kept, also\n"
           "                       where the plan has changed, if their keys still stand\n"
           "  --walltime T         stop early, in order, before T (HH:MM:SS, MM:SS or seconds);\n"
           "                       a Slurm job's end counts by itself, the earlier one rules\n"
           "  --checkpoint-every T how often long trainings leave a checkpoint (default 1:00)\n"
           "  --max-failures N     stop after N failed steps (default: never)\n"
           "  --max-step-deaths N  set a step aside when its ranks died N times (default 3)\n"
           "  --hung-after T       a team without progress for T (and for ten times what its step\n"
           "                       is expected to take) hangs and is lost (default 60 s; 0: never;\n"
           "                       steps of a kind never measured have 20 times as long)\n"
           "  --widest N           no team wider than N ranks\n"
           "  --memory GIB         what steps may take on a machine, its ranks together (default:\n"
           "                       all it has); a step that a rank's share does not hold waits\n"
           "                       for a team that does. Data, and up to 1 GiB a rank of what is\n"
           "                       kept for later steps, come on top\n"
           "  --no-sharing         compute every step of every trial anew (same results, slower)\n"
           "  --accept-build       resume what another build or processor began; the file says so\n"
           "  --quiet              no progress\n"
           "  --inject FAULT       break something on purpose, to see what happens; repeatable:\n"
           "                       KIND[:VALUE][,rank=R][,after=PLACE:N] with KIND one of kill\n"
           "                       segv exit:CODE hang:SECONDS stop nan enospc eio edquot erofs\n"
           "                       torn:BYTES slow:xFACTOR usr1:SECONDS, and PLACE one of idle\n"
           "                       start tick step sum broadcast gather agree linalg send write\n"
           "                       journal sync rename seconds; see README, Running\n\n"
           "To stop early and keep everything: send USR1, or make the file DIR/halt.\n"
           "exit status: 0 done; 1 an error; 2 bad usage or plan; 3 finished, some steps failed;\n"
           "             75 stopped early, run again with --resume\n";
}

static bool read_count(const char *text, long low, long *value)
{
    char *end;
    *value = strtol(text, &end, 10);
    return *text && *end == '\0' && *value >= low && *value <= 1000000000L;
}

/* HH:MM:SS, MM:SS or seconds. */
static bool read_span(const char *text, double *seconds)
{
    double sum = 0.0;
    int parts = 0;
    if (strspn(text, "0123456789.:") != strlen(text)) return false; /* no inf, no hex */
    for (const char *at = text;; parts++) {
        char *end;
        const double part = strtod(at, &end);
        if (end == at || part < 0.0 || parts > 2) return false;
        sum = sum * 60.0 + part;
        if (*end == '\0') break;
        if (*end != ':') return false;
        at = end + 1;
    }
    *seconds = sum;
    return sum > 0.0 && sum < 1e9;
}

/* Options whose value is a number or a time. */
static tl_status read_number(int letter, tl_run_options *out, tl_err *err)
{
    long count = 0;
    switch (letter) {
    case HUNG_AFTER:
        TL_CHECK(read_span(optarg, &out->hung_after) || strcmp(optarg, "0") == 0, err,
                 TL_E_ARG, "--hung-after %s: give HH:MM:SS, MM:SS, seconds, or 0", optarg);
        break;
    case 'w':
        TL_CHECK(read_span(optarg, &out->walltime), err, TL_E_ARG,
                 "--walltime %s: give HH:MM:SS, MM:SS or seconds", optarg);
        break;
    case 'c':
        TL_CHECK(read_span(optarg, &out->checkpoint_every), err, TL_E_ARG,
                 "--checkpoint-every %s: give HH:MM:SS, MM:SS or seconds", optarg);
        break;
    case 'f':
        TL_CHECK(read_count(optarg, 1, &out->max_failures), err, TL_E_ARG,
                 "--max-failures %s: give a whole number from 1", optarg);
        break;
    case 'k':
        TL_CHECK(read_count(optarg, 1, &count), err, TL_E_ARG,
                 "--max-step-deaths %s: give a whole number from 1", optarg);
        out->max_step_deaths = (int)count;
        break;
    case 'W':
        TL_CHECK(read_count(optarg, 1, &count), err, TL_E_ARG,
                 "--widest %s: give a whole number from 1", optarg);
        out->widest = (int)count;
        break;
    case MEMORY:
        TL_CHECK(tl_text_real(optarg, &out->memory) && out->memory > 0.0 &&
                     out->memory < 1e9,
                 err, TL_E_ARG, "--memory %s: give GiB, a number above 0", optarg);
        out->memory *= 0x1p30;
        break;
    default:
        return tl_fail(err, TL_E_ARG,
                       "unknown option, or its value is missing; see threatloop "
                       "run --help");
    }
    return TL_OK;
}

static tl_status read_option(int letter, tl_run_options *out, tl_err *err)
{
    switch (letter) {
    case 's':
        TL_CHECK(out->sets < TL_MAX_SETS, err, TL_E_ARG, "more than %d --set", TL_MAX_SETS);
        out->set[out->sets++] = optarg;
        break;
    case 'd':
        out->data_dir = optarg;
        break;
    case 'o':
        out->out = optarg;
        break;
    case 'D':
        out->dir = optarg;
        break;
    case 'r':
        out->resume = true;
        break;
    case 'S':
        out->no_sharing = true;
        break;
    case 'b':
        out->accept_build = true;
        break;
    case 'q':
        out->quiet = true;
        break;
    case 'h':
        out->help = true;
        break;
    case 'i':
        TL_CHECK(out->faults < TL_MAX_FAULTS, err, TL_E_ARG, "more than %d --inject",
                 TL_MAX_FAULTS);
        out->fault[out->faults++] = optarg;
        return tl_fault_arm(optarg, TL_FAULT_ANYWHERE, err);
    default:
        return read_number(letter, out, err);
    }
    return TL_OK;
}

tl_status tl_run_options_read(int argc, char **argv, tl_run_options *out, tl_err *err)
{
    *out = (tl_run_options){
        .max_step_deaths = 3, .checkpoint_every = 60.0, .hung_after = 60.0};
    opterr = 0;
    optind = 1;
    int letter;
    while ((letter = getopt_long(argc, argv, "o:d:h", long_options, NULL)) != -1) {
        TL_TRY(read_option(letter, out, err));
    }
    if (out->help) return TL_OK;
    TL_CHECK(
        optind < argc, err, TL_E_ARG,
        "run needs a plan: a YAML file or the name of a shipped one (threatloop list plans)");
    TL_CHECK(optind + 1 == argc, err, TL_E_ARG, "one plan at a time: '%s' is too much",
             argv[optind + 1]);
    out->plan = argv[optind];
    return TL_OK;
}

tl_status tl_run_paths_of(const tl_run_options *options, const char *plan_name,
                          tl_run_paths *out, tl_err *err)
{
    char stem[TL_PATH - 16];
    int length = options->out ? snprintf(stem, sizeof stem, "%s", options->out)
                              : snprintf(stem, sizeof stem, "%s.nc", plan_name);
    TL_CHECK(length > 0 && length < (int)sizeof stem, err, TL_E_ARG,
             "the name of the result file is too long or empty");
    (void)snprintf(out->out, sizeof out->out, "%s", stem);
    if (length > 3 && strcmp(stem + length - 3, ".nc") == 0) stem[length - 3] = '\0';
    (void)snprintf(out->account, sizeof out->account, "%s.run.nc", stem);
    length = options->dir ? snprintf(out->dir, sizeof out->dir, "%s", options->dir)
                          : snprintf(out->dir, sizeof out->dir, "%s.run", stem);
    TL_CHECK(length > 0 && length < TL_PATH - 100, err, TL_E_ARG,
             "the name of the run directory is too long or empty");
    return TL_OK;
}
