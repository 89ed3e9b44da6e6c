#include "parent.h"

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <unistd.h>

#ifdef __APPLE__
#include <pthread.h>
#include <sys/event.h>
#else
#include <sys/prctl.h>
#endif

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
#endif

} // namespace

#ifdef __APPLE__

// macOS sends no signal at a parent's end, but tells who watches it: a thread that does nothing else.
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

void end_with_parent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) {
    fail("prctl", errno);
  }
  // It may have gone before.
  if (getppid() != parent) {
    end_now();
  }
}

#endif

} // namespace tidemark
