/*
 * threatloop data roles: which source row plays which role, drawn by the code that a run
 * draws them with.
 */
#include "compute/core/log.h"
#include "compute/core/print.h"
#include "runner/cli/data_commands.h"
#include "runner/cli/options.h"
#include "runner/exit.h"
#include "runner/plan/trial.h"

#include <stdio.h>

static void print_role(const char *role, const tl_dataset *rows, bool is_csv)
{
    for (int i = 0; i < rows->rows; i++) {
        const unsigned flags = rows->flags[i];
        tl_print(stdout, is_csv ? "%s,%u,%d,%d,%d\n" : "%-10s %10u %6d %6d %14d\n", role,
                 (unsigned)rows->origin[i], (int)rows->label[i],
                 (flags & TL_ROW_MEMBER) != 0, (flags & TL_ROW_NEAR_DUPLICATE) != 0);
    }
}

static void print_roles(const tl_plan *plan, const tl_trial *trial, const tl_roles *roles,
                        bool is_csv)
{
    char hash[TL_KEY_TEXT];
    if (is_csv) {
        tl_print(stdout, "role,row,label,member,near_duplicate\n");
    } else {
        tl_print(stdout,
                 "plan:       %s, seed %llu, replicate %u\nsource:     %s (%s)\n"
                 "split_hash: %s\n%-10s %10s %6s %6s %14s\n",
                 plan->name, (unsigned long long)plan->seed, (unsigned)trial->replicate,
                 trial->source->name, trial->source->note,
                 tl_key_text(&roles->split_hash, hash), "role", "row", "label", "member",
                 "near_duplicate");
    }
    print_role("pool", roles->pool, is_csv);
    print_role("validation", roles->validation, is_csv);
    print_role("attacker", roles->attacker, is_csv);
    print_role("test", roles->test, is_csv);
}

static tl_status draw_and_print(const tl_plan *plan, const tl_data_options *options,
                                tl_arena *arena, tl_err *err)
{
    const uint32_t wanted = (uint32_t)options->replicate - plan->first_replicate;
    tl_trial *trial;
    tl_roles roles;
    TL_CHECK(wanted < plan->replicates, err, TL_E_ARG,
             "--replicate is %d, but %s has the replicates %u to %u", options->replicate,
             plan->name, (unsigned)plan->first_replicate,
             (unsigned)(plan->first_replicate + plan->replicates - 1));
    TL_TRY(tl_trial_new(arena, &trial, err));
    tl_trial_decode(plan, wanted, trial); /* of the first cell */
    TL_TRY(tl_roles_draw(trial->source, &trial->split, plan->seed, trial->draw, arena,
                         &roles, err));
    print_roles(plan, trial, &roles, options->is_csv);
    return TL_OK;
}

int tl_data_do_roles(const char *name, const tl_data_options *options)
{
    const tl_plan_options reading = {.set = options->set,
                                     .sets = options->sets,
                                     .data_dir = options->dir,
                                     .is_shared = true,
                                     .memory = options->memory};
    if (options->replicate < 0)
        return tl_options_refuse("data", "data roles needs --replicate R");
    if (options->is_json)
        return tl_options_refuse("data", "data roles prints a table, or --csv");
    tl_plan *plan = NULL;
    tl_err err = {0};
    tl_arena arena = tl_arena_open(0);
    tl_status status = tl_plan_open(name, &reading, &plan, &err);
    if (status == TL_OK) status = draw_and_print(plan, options, &arena, &err);
    tl_arena_close(&arena);
    tl_plan_close(plan);
    if (status == TL_OK) return TL_EXIT_DONE;
    tl_log(TL_LOG_ERROR, "%s", err.text);
    return tl_exit_of(status);
}
