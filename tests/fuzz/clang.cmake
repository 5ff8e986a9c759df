# SPDX-License-Identifier: BSD-2-Clause
#
# `cmake -C tests/fuzz/clang.cmake` configures a build in which tests/fuzz are libFuzzer targets. All code has coverage,
# ASan and UBSan.
#
# libstdc++ 12 offers std::expected only to a compiler that announces all C++20 concepts. clang-19 has them but does not
# announce them, so __cpp_concepts is defined here. Warnings are off, because the usual build checks them with gcc.
set(CMAKE_C_COMPILER clang-19 CACHE STRING "")
set(CMAKE_CXX_COMPILER clang++-19 CACHE STRING "")
set(CMAKE_CXX_FLAGS "-fsanitize=fuzzer-no-link -D__cpp_concepts=202002L -w" CACHE STRING "")
set(XVNET_SANITIZE ON CACHE BOOL "")
set(XVNET_FUZZ ON CACHE BOOL "")
