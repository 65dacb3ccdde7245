#include "runner/cli/commands.h"

static const tl_command commands[] = {
    {&tl_usage_run, tl_cmd_run, true},
    {&tl_usage_plan, tl_cmd_plan, false},
    {&tl_usage_new, tl_cmd_new, false},
    {&tl_usage_status, tl_cmd_status, false},
    {&tl_usage_list, tl_cmd_list, false},
    {&tl_usage_describe, tl_cmd_describe, false},
    {&tl_usage_effects, tl_cmd_effects, false},
    {&tl_usage_compare, tl_cmd_compare, false},
    {&tl_usage_summary, tl_cmd_summary, false},
    {&tl_usage_plot, tl_cmd_plot, false},
    {&tl_usage_report, tl_cmd_report, false},
    {&tl_usage_table, tl_cmd_table, false},
    {&tl_usage_data, tl_cmd_data, false},
    {&tl_usage_bench, tl_cmd_bench, true},
    {&tl_usage_manual, tl_cmd_manual, false},
    {&tl_usage_completion, tl_cmd_completion, false},
    {&tl_usage_version, tl_cmd_version, false},
};

const tl_command *tl_commands(int *count)
{
    *count = (int)(sizeof commands / sizeof *commands);
    return commands;
}
