# cmake -DOUT=plans_shipped.c -DPLANS="a.yaml;b.yaml" -DTEMPLATE=new.yaml -P embed.cmake
# Writes the shipped plans as a C table, and the template of `new`, one line of text a line.
function(read_text file out)
  file(READ ${file} text)
  string(REPLACE "\\" "\\\\" text "${text}")
  string(REPLACE "\"" "\\\"" text "${text}")
  string(REPLACE "\n" "\\n\"\n     \"" text "${text}")
  set(${out} "${text}" PARENT_SCOPE)
endfunction()
read_text(${TEMPLATE} template)
set(table "")
foreach(plan ${PLANS})
  get_filename_component(name ${plan} NAME_WE)
  read_text(${plan} text)
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

const char *tl_plan_template(void)
{
    return \"${template}\";
}
")
file(COPY_FILE ${OUT}.new ${OUT} ONLY_IF_DIFFERENT)
file(TOUCH_NOCREATE ${OUT})
