# Exported names start with tl_ (or are main), and nothing writable is global but the log's
# setting, armed faults, what a signal handler writes and the kernels once chosen. The guard of ScaLAPACK defines the calls of MPI
# that BLACS makes, and marks the thread that it works for.
#   cmake -DNM=nm -DLIBRARIES="a.a;b.a" -P symbols.cmake
cmake_minimum_required(VERSION 3.25)
set(writable_allowed "^(tl_(log_setting|fetch_signal|failpoint_(setting|is_armed))|chosen)$")
set(guarded "MPI_(Send|Isend|Rsend|Recv|Irecv|Sendrecv|Waitall|Testall|Bcast|Reduce|Allreduce|Barrier|Abort|Comm_(create|dup|split))")
set(faults "")
foreach(library ${LIBRARIES})
  get_filename_component(name ${library} NAME)
  execute_process(COMMAND ${NM} --defined-only --format=sysv ${library}
                  OUTPUT_VARIABLE table RESULT_VARIABLE failed ERROR_QUIET)
  if(failed)
    message(FATAL_ERROR "${NM} cannot read ${library}")
  endif()
  string(REPLACE ";" "," table "${table}")
  string(REPLACE "\n" ";" table "${table}")
  foreach(line ${table})
    # name | value | class | type | size | line | section
    if(NOT line MATCHES "^([A-Za-z_][^ |]*) *\\|[^|]*\\| *([A-Za-z]) *\\|.*\\|(.*)$")
      continue()
    endif()
    set(symbol ${CMAKE_MATCH_1})
    set(kind ${CMAKE_MATCH_2})
    set(section ${CMAKE_MATCH_3})
    if(symbol MATCHES "^(__|_GLOBAL)")
      continue()
    endif()
    if(kind MATCHES "^[TDBRCVW]$" AND NOT symbol MATCHES "^(tl_|main$)"
       AND NOT (name STREQUAL "libtl_cluster.a" AND symbol MATCHES "^${guarded}$"))
      list(APPEND faults "${name}: ${symbol} is exported and does not start with tl_")
    endif()
    # Constant tables of addresses lie in .data.rel.ro: written by the loader alone.
    string(REGEX REPLACE "\\.[0-9]+$" "" plain "${symbol}")
    if(section MATCHES "^ *\\.(data|bss|tdata|tbss)" AND NOT section MATCHES "\\.data\\.rel\\.ro"
       AND NOT plain MATCHES "${writable_allowed}"
       AND NOT (name STREQUAL "libtl_cluster.a" AND plain STREQUAL "inside"))
      list(APPEND faults "${name}: ${symbol} is writable and outlives its function")
    endif()
  endforeach()
endforeach()
if(faults)
  list(JOIN faults "\n  " text)
  message(FATAL_ERROR "symbols:\n  ${text}")
endif()
