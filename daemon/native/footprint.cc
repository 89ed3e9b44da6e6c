#include "footprint.h"

#include <stdexcept>

#ifdef __APPLE__
#include <mach/mach.h>
#include <malloc/malloc.h>
#else
#include <fstream>
#include <malloc.h>
#include <unistd.h>
#endif

namespace tidemark {

std::uint64_t footprint_bytes() {
#ifdef __APPLE__
  task_vm_info_data_t info;
  mach_msg_type_number_t count = TASK_VM_INFO_COUNT;
  if (task_info(mach_task_self(), TASK_VM_INFO, reinterpret_cast<task_info_t>(&info), &count) != KERN_SUCCESS) {
    throw std::runtime_error("task_info gave no memory figures");
  }
  return info.phys_footprint;
#else
  // The second field is the resident size in pages.
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0;
  std::uint64_t resident = 0;
  if (!(statm >> total >> resident)) {
    throw std::runtime_error("/proc/self/statm gave no memory figures");
  }
  return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
#endif
}

void release_free_memory() {
#ifdef __APPLE__
  malloc_zone_pressure_relief(nullptr, 0);
#elif defined(__GLIBC__)
  malloc_trim(0);
#endif
}

} // namespace tidemark
