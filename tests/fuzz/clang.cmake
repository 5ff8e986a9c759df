# SPDX-License-Identifier: BSD-2-Clause
#
# cmake -C tests/fuzz/clang.cmake: a build in which the fuzz targets are libFuzzers, with coverage, ASan and UBSan
# everywhere.
#
# libstdc++ 12 provides std::expected only to compilers that announce all C++20 concepts; clang-19 has them but does not
# announce them. Warnings are for the normal build, with the compiler that the code is written for.
set(CMAKE_C_COMPILER clang-19 CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_CXX_FLAGS "-fsanitize=fuzzer-no-link -D__cpp_concepts=202002L -w" CACHE STRING "")
set(XVNET_SANITIZE ON CACHE BOOL "")
set(XVNET_FUZZ ON CACHE BOOL "")
