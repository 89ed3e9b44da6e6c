# Compiles and links for macOS on Apple silicon with Zig, on any host that Zig runs on.
#
# Given in the environment by build-addon.ts:
#   TIDEMARK_ZIG     the zig program
#   TIDEMARK_LIBMLX  libmlx.dylib
#   TIDEMARK_LIBCXX  a text-based stub of the system's C++ library
#   TIDEMARK_RPATH   where the addon looks for libmlx
set(CMAKE_SYSTEM_NAME Darwin)
set(CMAKE_SYSTEM_VERSION 23.0)
set(CMAKE_SYSTEM_PROCESSOR arm64)
set(CMAKE_CXX_COMPILER "$ENV{TIDEMARK_ZIG}")
set(CMAKE_CXX_COMPILER_ARG1 c++)
set(CMAKE_CXX_COMPILER_TARGET aarch64-macos.14.0)
set(CMAKE_OSX_SYSROOT "")
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# On another host CMake takes the system for a Mac OS X of before 10.5, which had no @rpath. CMake reads this file once
# more after its platform files, and so the flag stays set.
set(CMAKE_SHARED_LIBRARY_RUNTIME_C_FLAG "-Wl,-rpath,")
set(CMAKE_USER_MAKE_RULES_OVERRIDE_CXX "${CMAKE_CURRENT_LIST_FILE}")

# Zig's C++ headers are newer than macOS 14's C++ library. With availability on, they use what that library has.
string(
  JOIN " " CMAKE_CXX_FLAGS_INIT
  -U_LIBCPP_HAS_VENDOR_AVAILABILITY_ANNOTATIONS
  -D_LIBCPP_HAS_VENDOR_AVAILABILITY_ANNOTATIONS=1
  -fno-sized-deallocation)

# CMake's own rule for a module does not serve: Zig 0.17's linker crashes on -bundle, there are no frameworks here, and
# `zig c++` would link a C++ library of Zig's own into the addon, whose catch clauses MLX's exceptions would pass by.
string(
  JOIN " " CMAKE_CXX_CREATE_SHARED_MODULE
  "$ENV{TIDEMARK_ZIG} cc --target=${CMAKE_CXX_COMPILER_TARGET}"
  "-shared -undefined dynamic_lookup -install_name @rpath/tidemark.node -Wl,-rpath,$ENV{TIDEMARK_RPATH}"
  "-o <TARGET> <OBJECTS> $ENV{TIDEMARK_LIBMLX} $ENV{TIDEMARK_LIBCXX}")
