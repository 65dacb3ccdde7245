/*
 * threatloop run: from a plan to a result file.
 */
#include "cluster/session/session.h"
#include "compute/core/clock.h"
#include "compute/core/failpoint.h"
#include "compute/core/log.h"
#include "runner/cli/commands.h"
#include "runner/cli/options.h"
#include "runner/execute/run.h"
#include "runner/exit.h"

static const tl_option options[] = {
    {"output", 'o', TL_OPTION_TEXT, "FILE", offsetof(tl_run_options, out),
     .about = "result file (default: <plan name>.nc)"},
    {"dir", 0, TL_OPTION_TEXT, "DIR", offsetof(tl_run_options, dir),
     .about = "run directory: journal and models (default: FILE without .nc, plus .run)"},
    {"set", 0, TL_OPTION_TEXTS, "PATH=VALUE", offsetof(tl_run_options, set),
     .about = "change the plan: recipe.epochs=5, badnets.rate=[0,0.1], seed=2; repeatable",
     .high = TL_MAX_SETS, .count = offsetof(tl_run_options, sets)},
    {"data", 'd', TL_OPTION_TEXT, "DIR", offsetof(tl_run_options, data_dir),
     .about =
         "data folder (default: THREATLOOP_DATA, else threatloop in the user's cache)"},
    {"resume", 0, TL_OPTION_FLAG, NULL, offsetof(tl_run_options, resume),
     .about =
         "continue the run in DIR; finished steps are kept, even if the plan has changed, "
         "unless the change affects them"},
    {"force", 0, TL_OPTION_FLAG, NULL, offsetof(tl_run_options, is_forced),
     .about =
         "replace FILE even if it is not a result of this plan and seed; never a file that "
         "the run reads"},
    {"trust-group", 0, TL_OPTION_FLAG, NULL, offsetof(tl_run_options, trusts_group),
     .about =
         "accept a run directory that its group may write; whoever can write there can "
         "forge results"},
    {"walltime", 0, TL_OPTION_SPAN, "T", offsetof(tl_run_options, walltime),
     .about =
         "stop cleanly before T has passed (HH:MM:SS, MM:SS or seconds), or before the "
         "end of the Slurm job if that is earlier"},
    {"checkpoint-every", 0, TL_OPTION_SPAN, "T", offsetof(tl_run_options, checkpoint_every),
     .about = "interval between checkpoints of long trainings (default 1:00)"},
    {"max-failures", 0, TL_OPTION_WHOLE, "N", offsetof(tl_run_options, max_failures),
     .about = "stop after N failed steps (default: never)", .low = 1, .high = 1e9},
    {"max-step-deaths", 0, TL_OPTION_WHOLE, "N", offsetof(tl_run_options, max_step_deaths),
     .about = "set a step aside when its ranks have died N times (default 3)", .low = 1,
     .high = 1e9},
    {"hung-after", 0, TL_OPTION_SPAN, "T", offsetof(tl_run_options, hung_after),
     .about =
         "give up a team that makes no progress for T and for ten times the expected time "
         "of its step (default 60 s; 0: never; 20 times T for a kind of step not yet "
         "measured)",
     .low = -1},
    {"max-ranks", 0, TL_OPTION_WHOLE, "N", offsetof(tl_run_options, max_ranks),
     .about = "no team of more than N ranks (default: as many as a step can use)", .low = 1,
     .high = 1e9},
    {"memory", 0, TL_OPTION_REAL, "GIB", offsetof(tl_run_options, memory),
     .about =
         "memory for steps on each machine, shared by its ranks (default: all of it); a "
         "step that exceeds one rank's share waits for a team. Data may take as much again "
         "(default: 4 GiB); they, and up to 1 GiB per rank of results kept for later "
         "steps, come on top",
     .high = 1e9, .scale = 0x1p30},
    {"no-sharing", 0, TL_OPTION_FLAG, NULL, offsetof(tl_run_options, no_sharing),
     .about = "compute every step of every trial anew (same results, slower)"},
    {"accept-build", 0, TL_OPTION_FLAG, NULL, offsetof(tl_run_options, accept_build),
     .about = "resume what another build or processor began; recorded in the result file"},
    {"quiet", 0, TL_OPTION_FLAG, NULL, offsetof(tl_run_options, quiet),
     .about = "show no progress"},
    {"inject", 0, TL_OPTION_TEXTS, "FAULT", offsetof(tl_run_options, fault),
     .about =
         "inject a fault, to see what happens; repeatable: "
         "KIND[:VALUE][,rank=R][,after=PLACE:N], where KIND is kill, segv, exit:CODE, "
         "hang:SECONDS, hold, stop, nan, enospc, eio, edquot, erofs, torn:BYTES, "
         "slow:xFACTOR or usr1:SECONDS, and PLACE is idle, start, tick, step, sum, broadcast, gather, "
         "agree, linalg, send, write, journal, sync, rename or seconds; see README, "
         "Running",
     .high = TL_MAX_FAILPOINTS, .count = offsetof(tl_run_options, faults)},
    {0}};

static const tl_usage usage = {
    .command = "run",
    .forms = "PLAN [-o FILE.nc] [--set PATH=VALUE]... [--data DIR] ...\n"
             "PLAN --resume ...",
    .about =
        "Runs a plan, a YAML file or the name of a shipped plan (threatloop list plans), on\n"
        "one core; `cluster/launch -n 4 run PLAN` runs it on four. The result file is the\n"
        "same, byte for byte, for any number of ranks.\n",
    .options = options,
    .notes =
        "To stop early and keep everything, send USR1 or create the file DIR/halt.\n"
        "Exit status: 0 done; 1 an error; 2 bad usage or plan; 3 finished, some steps failed;\n"
        "75 stopped early, resume.\n",
    .least = 1,
    .most = 1,
    .wants =
        "run needs one plan: a YAML file or the name of a shipped plan (threatloop list "
        "plans)"};

int tl_cmd_run(int argc, char **argv)
{
    const double begun = tl_seconds();
    tl_run_options wanted = tl_run_defaults();
    tl_words words;
    int code;
    tl_err err;
    if (!tl_options_read(&usage, argc, argv, &wanted, &words, &code)) return code;
    for (int i = 0; i < wanted.faults; i++) {
        if (tl_failpoint_arm(wanted.fault[i], TL_FAILPOINT_ANYWHERE, &err) != TL_OK)
            return tl_options_refuse("run", "%s", err.text);
    }
    wanted.plan = words.at[0];
    tl_cluster *cluster;
    if (tl_session_start(&cluster, &argc, &argv, &err) != TL_OK) {
        tl_log(TL_LOG_ERROR, "%s", err.text);
        return TL_EXIT_ERROR;
    }
    return tl_run(&wanted, cluster, begun);
}
