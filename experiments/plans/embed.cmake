# cmake -DOUT=plans_shipped.c -DPLANS="a.yaml;b.yaml" -P embed.cmake
# Writes the shipped plans as a C table, one line of text a line.
set(table "")
foreach(plan ${PLANS})
  get_filename_component(name ${plan} NAME_WE)
  file(READ ${plan} text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
  string(APPEND table "    {\"${name}\",\n     \"${text}\"},\n")
endforeach()
file(WRITE ${OUT}.new
"/* Made by embed.cmake from experiments/plans; do not edit. */
#include \"runner/plan/plan.h\"

const tl_shipped_plan *tl_plans_shipped(void)
{
    static const tl_shipped_plan all[] = {
${table}    {0}};
    return all;
}
")
file(COPY_FILE ${OUT}.new ${OUT} ONLY_IF_DIFFERENT)
file(TOUCH_NOCREATE ${OUT})
