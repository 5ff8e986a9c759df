# SPDX-License-Identifier: BSD-2-Clause
#
# Builds xvnet_next: this xvnet with the next ABI version, as the target of upgrades. Its maps/ are a copy in which
# fields are added, moved and enlarged. Everything else is compiled from the same sources.

set(next ${CMAKE_CURRENT_BINARY_DIR}/next)

# A copy is written only when it differs, so that unchanged sources are not compiled again.
file(GLOB_RECURSE bpf_sources RELATIVE ${PROJECT_SOURCE_DIR} CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/bpf/*)
foreach(source IN LISTS bpf_sources)
  configure_file(${PROJECT_SOURCE_DIR}/${source} ${next}/${source} COPYONLY)
endforeach()

file(GLOB headers RELATIVE ${PROJECT_SOURCE_DIR}/maps CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/maps/*)
foreach(header IN LISTS headers)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/maps/${header})
  file(READ ${PROJECT_SOURCE_DIR}/maps/${header} text_${header})
endforeach()

function(change header from to)
  string(FIND "${text_${header}}" "${from}" place)
  if(place EQUAL -1)
    message(FATAL_ERROR "maps/${header} has no \"${from}\" any more: correct tests/fault/next.cmake")
  endif()
  string(REPLACE "${from}" "${to}" changed "${text_${header}}")
  set(text_${header} "${changed}" PARENT_SCOPE)
endfunction()

string(REGEX MATCH "XVNET_ABI_VERSION ([0-9]+)" version "${text_tables.def}")
math(EXPR next_abi "${CMAKE_MATCH_1} + 1")
change(tables.def "${version}" "XVNET_ABI_VERSION ${next_abi}")
# An array gets fewer elements.
change(abi.h "NETWORK_IDS	  16384" "NETWORK_IDS	  8192")
# An array in a table that only the loader writes gets longer.
change(abi.h "MAX_MEMBERS	  512" "MAX_MEMBERS	  640")
# A nested struct gets a field in its middle.
change(records.h "	__u32 flags;	  /* enum record_flags */" "	__u64 next;\n	__u32 flags;")
change(records.h "XVNET_ABI_SIZE(device_record, 16 +" "XVNET_ABI_SIZE(device_record, 8 + 16 +")
change(records.h "XVNET_ABI_SIZE(port_record, 112" "XVNET_ABI_SIZE(port_record, 120")
change(records.h "XVNET_ABI_SIZE(uplink_record, 112" "XVNET_ABI_SIZE(uplink_record, 120")
# An entry of a table that the programs write gets a field at its end.
change(fdb.h "	__u64 last_seen_ns;" "	__u64 last_seen_ns;\n	__u64 next;\n")
change(fdb.h "XVNET_ABI_SIZE(fdb_entry, 16)" "XVNET_ABI_SIZE(fdb_entry, 24)")
# Fields swap places in a per-CPU hash and in a per-CPU array.
change(stats.h "	__u64 packets;" "	__u64 octets;")
change(stats.h "	__u64 bytes;" "	__u64 packets;")
change(stats.h "	__u64 octets;" "	__u64 bytes;")
change(carried.h "	__u64 packets;" "	__u64 octets;")
change(carried.h "	__u64 bytes;" "	__u64 packets;")
change(carried.h "	__u64 octets;" "	__u64 bytes;")
# An entry of an array that is written through its memory gets a field at its end.
change(networks.h "	__u32 pad;" "	__u32 pad;\n	__u64 next;")
change(networks.h "XVNET_ABI_SIZE(network, 24)" "XVNET_ABI_SIZE(network, 32)")

foreach(header IN LISTS headers)
  file(CONFIGURE OUTPUT ${next}/maps/${header} CONTENT "${text_${header}}" @ONLY)
endforeach()

add_bpf_programs(xvnet_next_bpf ${next}/bpf)
file(GLOB_RECURSE next_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/loader/*.cc ${PROJECT_SOURCE_DIR}/cli/*.cc)
add_executable(xvnet_next ${next_sources})
# loader/CMakeLists.txt sets this property too, but a source's properties apply in one directory only.
set_source_files_properties(${PROJECT_SOURCE_DIR}/loader/linux/backstop.cc
                            ${PROJECT_SOURCE_DIR}/loader/linux/host_nat.cc
                            ${PROJECT_SOURCE_DIR}/loader/linux/link_query.cc PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
# No compile commands are exported, because clang-tidy reads these sources as part of xvnet already.
set_target_properties(xvnet_next PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0 EXPORT_COMPILE_COMMANDS OFF)
target_include_directories(xvnet_next BEFORE PRIVATE ${next})
target_include_directories(xvnet_next PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_definitions(xvnet_next PRIVATE XVNET_VERSION="next")
target_compile_options(xvnet_next PRIVATE -Wno-missing-field-initializers)
target_link_libraries(xvnet_next
  PRIVATE xvnet_unoptimized xvnet_next_bpf fmt::fmt CLI11::CLI11 nlohmann_json::nlohmann_json PkgConfig::LIBBPF
          PkgConfig::LIBXDP PkgConfig::NETLINK)
