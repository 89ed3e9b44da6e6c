#include "parent.h"

#include <cerrno>
#include <csignal>
#include <system_error>
#include <unistd.h>

#ifdef __APPLE__
#include <sys/event.h>
#include <thread>
#else
#include <sys/prctl.h>
#endif

namespace tidemark {

namespace {

void end_now() {
  kill(getpid(), SIGKILL);
}

} // namespace

#ifdef __APPLE__

// macOS sends no signal at a parent's end, but tells who watches it: a thread that does nothing else.
void end_with_parent(pid_t parent) {
  const int queue = kqueue();
  if (queue == -1) {
    throw std::system_error(errno, std::generic_category(), "kqueue");
  }
  struct kevent watch;
  EV_SET(&watch, parent, EVFILT_PROC, EV_ADD | EV_ONESHOT, NOTE_EXIT, 0, nullptr);
  if (kevent(queue, &watch, 1, nullptr, 0, nullptr) == -1) {
    if (errno != ESRCH) {
      throw std::system_error(errno, std::generic_category(), "kevent");
    }
    end_now();
  }
  std::thread([queue] {
    struct kevent exit;
    while (kevent(queue, nullptr, 0, &exit, 1, nullptr) == -1 && errno == EINTR) {
    }
    end_now();
  }).detach();
}

#else

void end_with_parent(pid_t parent) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) == -1) {
    throw std::system_error(errno, std::generic_category(), "prctl");
  }
  // It may have gone before.
  if (getppid() != parent) {
    end_now();
  }
}

#endif

} // namespace tidemark
