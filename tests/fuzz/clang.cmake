# SPDX-License-Identifier: BSD-2-Clause
#
# cmake -C tests/fuzz/clang.cmake: a build whose tests/fuzz are libFuzzer's, all of it with coverage, ASan and UBSan.
#
# libstdc++ 12 gives std::expected to compilers that have all of C++20's concepts, which clang-19 has and denies.
# Warnings are for the usual build, with the compiler that it is written for.
set(CMAKE_C_COMPILER clang-19 CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_CXX_FLAGS "-fsanitize=fuzzer-no-link -D__cpp_concepts=202002L -w" CACHE STRING "")
set(XVNET_SANITIZE ON CACHE BOOL "")
set(XVNET_FUZZ ON CACHE BOOL "")
