/*
 * threatloop run: from a plan to a result file.
 */
#include "cluster/comm/cluster.h"
#include "compute/core/failpoint.h"
#include "compute/core/log.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/execute/run.h"
#include "runner/exit.h"

static const tl_option options[] = {
    {.name = "output",
     .letter = 'o',
     .type = TL_OPTION_TEXT,
     .value = "FILE",
     .to = offsetof(tl_run_options, out),
     .about = "result file (default: <plan name>.nc)"},
    {.name = "dir",
     .type = TL_OPTION_TEXT,
     .value = "DIR",
     .to = offsetof(tl_run_options, dir),
     .about = "run directory: journal and models (default: FILE without .nc, plus .run)"},
    {.name = "set",
     .type = TL_OPTION_TEXTS,
     .value = "PATH=VALUE",
     .to = offsetof(tl_run_options, set),
     .count = offsetof(tl_run_options, sets),
     .high = TL_MAX_SETS,
     .about = "change the plan: recipe.epochs=5, badnets.rate=[0,0.1], seed=2; repeatable"},
    {.name = "data",
     .letter = 'd',
     .type = TL_OPTION_TEXT,
     .value = "DIR",
     .to = offsetof(tl_run_options, data_dir),
     .about = "folder of the data sets (else THREATLOOP_DATA, else the cache)"},
    {.name = "resume",
     .to = offsetof(tl_run_options, resume),
     .about =
         "continue the run in DIR; finished steps are kept, also after a change of the "
         "plan if it does not affect them"},
    {.name = "walltime",
     .type = TL_OPTION_SPAN,
     .value = "T",
     .to = offsetof(tl_run_options, walltime),
     .about = "stop cleanly before T has passed (HH:MM:SS, MM:SS or seconds); the end of a "
              "Slurm job counts by itself, whichever is earlier"},
    {.name = "checkpoint-every",
     .type = TL_OPTION_SPAN,
     .value = "T",
     .to = offsetof(tl_run_options, checkpoint_every),
     .about = "how often long trainings write a checkpoint (default 1:00)"},
    {.name = "max-failures",
     .type = TL_OPTION_WHOLE,
     .value = "N",
     .to = offsetof(tl_run_options, max_failures),
     .low = 1,
     .high = 1e9,
     .about = "stop after N failed steps (default: never)"},
    {.name = "max-step-deaths",
     .type = TL_OPTION_WHOLE,
     .value = "N",
     .to = offsetof(tl_run_options, max_step_deaths),
     .low = 1,
     .high = 1e9,
     .about = "set a step aside when its ranks have died N times (default 3)"},
    {.name = "hung-after",
     .type = TL_OPTION_SPAN,
     .value = "T",
     .to = offsetof(tl_run_options, hung_after),
     .low = -1,
     .about =
         "give up a team without progress for T and for ten times the expected time of "
         "its step (default 60 s; 0: never; steps of a kind not yet measured get 20 "
         "times as long)"},
    {.name = "widest",
     .type = TL_OPTION_WHOLE,
     .value = "N",
     .to = offsetof(tl_run_options, widest),
     .low = 1,
     .high = 1e9,
     .about = "no team wider than N ranks"},
    {.name = "memory",
     .type = TL_OPTION_REAL,
     .value = "GIB",
     .to = offsetof(tl_run_options, memory),
     .high = 1e9,
     .scale = 0x1p30,
     .about =
         "memory for steps on each machine, all its ranks together (default: all it has); "
         "a step that exceeds one rank's share waits for a team. Data, and up to 1 GiB a "
         "rank of results kept for later steps, come on top"},
    {.name = "no-sharing",
     .to = offsetof(tl_run_options, no_sharing),
     .about = "compute every step of every trial anew (same results, slower)"},
    {.name = "accept-build",
     .to = offsetof(tl_run_options, accept_build),
     .about = "resume what another build or processor began; the result file says so"},
    {.name = "quiet", .to = offsetof(tl_run_options, quiet), .about = "no progress"},
    {.name = "inject",
     .type = TL_OPTION_TEXTS,
     .value = "FAULT",
     .to = offsetof(tl_run_options, fault),
     .count = offsetof(tl_run_options, faults),
     .high = TL_MAX_FAULTS,
     .about =
         "break something on purpose, to see what happens; repeatable: "
         "KIND[:VALUE][,rank=R][,after=PLACE:N], where KIND is kill, segv, exit:CODE, "
         "hang:SECONDS, stop, nan, enospc, eio, edquot, erofs, torn:BYTES, slow:xFACTOR or "
         "usr1:SECONDS, and PLACE is idle, start, tick, step, sum, broadcast, gather, "
         "agree, linalg, send, write, journal, sync, rename or seconds; see README, "
         "Running"},
    {0}};

static const tl_usage usage = {
    .command = "run",
    .lines =
        (const char *const[]){"PLAN [-o FILE.nc] [--set PATH=VALUE]... [--data DIR] ...",
                              "PLAN --resume ...", NULL},
    .about =
        "Runs a plan: a YAML file, or the name of a shipped one (threatloop list plans). This\n"
        "command computes on one core, `cluster/launch -n 4 run PLAN` on four. The result file\n"
        "is the same, byte for byte, for any number of ranks.\n",
    .options = options,
    .notes =
        "To stop early and keep everything, send USR1, or create the file DIR/halt.\n"
        "Exit status: 0 done; 1 an error; 2 bad usage or plan; 3 finished, some steps failed;\n"
        "75 stopped early, resume.\n",
    .least = 1,
    .most = 1,
    .wants =
        "run needs one plan: a YAML file or the name of a shipped one (threatloop list "
        "plans)"};

int tl_cmd_run(int argc, char **argv)
{
    const double begun = tl_cluster_seconds();
    tl_run_options wanted = tl_run_defaults();
    tl_words words;
    int code;
    tl_err err;
    if (!tl_options_read(&usage, argc, argv, &wanted, &words, &code)) return code;
    for (int i = 0; i < wanted.faults; i++) {
        if (tl_fault_arm(wanted.fault[i], TL_FAULT_ANYWHERE, &err) != TL_OK)
            return tl_options_refuse("run", "%s", err.text);
    }
    wanted.plan = words.at[0];
    tl_cluster *cluster;
    if (tl_cluster_start(&cluster, &argc, &argv, &err) != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        return TL_EXIT_ERROR;
    }
    return tl_run(&wanted, cluster, begun);
}
