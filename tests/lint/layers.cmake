# Includes run only downwards, and each library has one door.
#   cmake -DROOT=... -P layers.cmake
set(faults "")
cmake_minimum_required(VERSION 3.25)

# What each folder may include from the project; `.` and test support come from tests/.
set(may_compute compute)
set(may_cluster cluster compute)
set(may_experiments experiments compute)
set(may_analysis analysis compute)
set(may_runner runner cluster experiments analysis compute)

# Doors: header pattern, then the files that may open it (a regular expression).
set(doors
  "mpi\\.h=^(cluster|tests)/"
  "(cblas|openblas_config|f77blas)\\.h=^compute/core/blas\\.c$"
  "lapacke[a-z_]*\\.h=^compute/linalg/lapack\\.c$"
  "netcdf[a-z_]*\\.h=^analysis/table/result_(file|read)\\.c$"
  "libfyaml\\.h=^runner/plan/[a-z]*yaml[a-z_]*\\.c$"
  "zip\\.h=^compute/data/"
  "Random123/.*=^compute/core/rng\\.c$"
  "openssl/.*=^compute/core/hash\\.c$"
  "curl/.*=^runner/datasets/download\\.c$")

foreach(room compute cluster experiments analysis runner)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${room}/*.c ${ROOT}/${room}/*.h)
  foreach(file ${files})
    file(STRINGS ${ROOT}/${file} lines REGEX "^[ \t]*#[ \t]*include")
    foreach(line ${lines})
      if(line MATCHES "include[ \t]*\"([^\"]+)\"")
        set(target ${CMAKE_MATCH_1})
        if(NOT target MATCHES "^([a-z]+)/")
          list(APPEND faults "${file}: \"${target}\": include by folder, from the root")
        elseif(NOT CMAKE_MATCH_1 IN_LIST may_${room})
          list(APPEND faults "${file}: \"${target}\": ${room} may include ${may_${room}}")
        endif()
      elseif(line MATCHES "include[ \t]*<([^>]+)>")
        set(target ${CMAKE_MATCH_1})
        foreach(door ${doors})
          string(REGEX MATCH "^([^=]+)=(.+)$" unused "${door}")
          set(header "${CMAKE_MATCH_1}")
          set(allowed "${CMAKE_MATCH_2}")
          if("${target}" MATCHES "^${header}$" AND NOT "${file}" MATCHES "${allowed}")
            list(APPEND faults "${file}: <${target}> may be included only in ${allowed}")
          endif()
        endforeach()
      endif()
    endforeach()
  endforeach()
endforeach()

# ScaLAPACK has no headers: its door is kept by the names of its functions.
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/compute/*.[ch] ${ROOT}/cluster/*.[ch]
     ${ROOT}/experiments/*.[ch] ${ROOT}/analysis/*.[ch] ${ROOT}/runner/*.[ch])
list(FILTER files EXCLUDE REGEX "^cluster/scalapack/[a-z_]+\\.[ch]$")
foreach(file ${files})
  file(STRINGS ${ROOT}/${file} lines
       REGEX "C[a-z2]*blacs_[a-z_]+ *\\(|(^|[^a-z_])(numroc|descinit|pb_[a-z]+|p[sdcz][a-z0-9]+)_ *\\(")
  if(lines)
    list(APPEND faults "${file}: calls ScaLAPACK, whose door is cluster/scalapack/.c")
  endif()
endforeach()

# A name of a file occurs once in the tree.
file(GLOB_RECURSE all RELATIVE ${ROOT} ${ROOT}/compute/*.c ${ROOT}/cluster/*.c
     ${ROOT}/experiments/*.c ${ROOT}/analysis/*.c ${ROOT}/runner/*.c)
set(names "")
foreach(file ${all})
  get_filename_component(name ${file} NAME)
  if(name IN_LIST names)
    list(APPEND faults "${file}: another file has this name")
  endif()
  list(APPEND names ${name})
endforeach()

if(faults)
  list(JOIN faults "\n  " text)
  message(FATAL_ERROR "layers:\n  ${text}")
endif()
