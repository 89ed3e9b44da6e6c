// What the addon does for the process that loaded it: its end, its footprint, and memory taken beside MLX.

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/types.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach/mach.h>
#include <malloc/malloc.h>
#include <pthread.h>
#include <sys/event.h>
#else
#include <fstream>
#include <malloc.h>
#include <sys/prctl.h>
#endif

#include "call.h"

namespace tidemark {

namespace {

void end_now() {
  kill(getpid(), SIGKILL);
}

[[noreturn]] void fail(const char* call, int error) {
  throw std::runtime_error(std::string(call) + " failed: " + std::strerror(error));
}

#ifdef __APPLE__

// Waits for the one event of a queue, whose descriptor is the argument, and then ends the process.
void* end_at_event(void* argument) {
  const int queue = static_cast<int>(reinterpret_cast<std::intptr_t>(argument));
  struct kevent exit;
  while (kevent(queue, nullptr, 0, &exit, 1, nullptr) == -1 && errno == EINTR) {
  }
  end_now();
  return nullptr;
}

// Makes the system kill this process as soon as its parent exits, even during native work, when JavaScript cannot react.
// Kills it at once where the parent has exited already. Throws where the system refuses. macOS sends no signal when a
// parent exits, but notifies a thread that waits for nothing else.
void end_with_parent(pid_t parent) {
  const int queue = kqueue();
  if (queue == -1) {
    fail("kqueue", errno);
  }
  struct kevent watch;
  EV_SET(&watch, parent, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0, nullptr);
  if (kevent(queue, &watch, 1, nullptr, 0, nullptr) == -1) {
    if (errno != ESRCH) {
      fail("kevent", errno);
    }
    end_now();
  }
  pthread_t thread;
  const int error = pthread_create(&thread, nullptr, end_at_event, reinterpret_cast<void*>(std::intptr_t{queue}));
  if (error != 0) {
    fail("pthread_create", error);
  }
  pthread_detach(thread);
}

#else

// The same; Linux sends the signal itself.
void end_with_parent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) {
    fail("prctl", errno);
  }
  // It may have exited before.
  if (getppid() != parent) {
    end_now();
  }
}

#endif

// Bytes: phys_footprint on macOS (what Activity Monitor shows), the resident set on Linux.
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

// Returns the C allocator's free pages to the system; otherwise they would come and go in the footprint by its own
// thresholds.
void release_free_memory() {
#ifdef __APPLE__
  malloc_zone_pressure_relief(nullptr, 0);
#elif defined(__GLIBC__)
  malloc_trim(0);
#endif
}

// Referred to until the process ends, so that no compiler leaves the allocations out, and a leak checker's own leaks are
// not reported as lost.
std::vector<void*> planted;

// Takes memory beside MLX and never gives it back: what a leak check must be able to find.
void plant_malloc(std::size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) {
    throw std::bad_alloc();
  }
  // The system hands a page out when it is first written to, and a page of zeros may be compressed or shared.
  std::memset(memory, 0xa5, bytes);
  planted.push_back(memory);
}

} // namespace

const Table tables::process = {
    {"endWithParent", call<end_with_parent>},
    {"footprintBytes", call<footprint_bytes>},
    {"releaseFreeMemory", call<release_free_memory>},
    {"plantMalloc", call<plant_malloc>},
};

} // namespace tidemark
