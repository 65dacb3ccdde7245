# White space is clang-format 14's.
#   cmake -DROOT=... -DCLANG_FORMAT=... -P format.cmake
cmake_minimum_required(VERSION 3.25)
file(GLOB_RECURSE files ${ROOT}/compute/*.[ch] ${ROOT}/cluster/*.[ch]
     ${ROOT}/experiments/*.[ch] ${ROOT}/analysis/*.[ch] ${ROOT}/runner/*.[ch]
     ${ROOT}/tests/*.[ch])
execute_process(COMMAND ${CLANG_FORMAT} --dry-run -Werror ${files}
                RESULT_VARIABLE failed ERROR_VARIABLE text)
if(failed)
  message(FATAL_ERROR "format: run clang-format-14 -i on these\n${text}")
endif()
