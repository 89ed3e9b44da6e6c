// Threads that share the parts of a computation on the CPU.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>

namespace tidemark {

// Any free thread takes the next part, and none waits in a loop: a thread that another program delays delays the others by
// one part at most.
class Workers {
 public:
  // One for the process, never destroyed: its threads wait until the process ends.
  static Workers& shared();

  int thread_count() const {
    return thread_count_;
  }

  // Calls `part` with each number below `count`, from this thread and those of the workers that are free.
  void run(int count, const std::function<void(int)>& part);

  // Calls `part` with the first of up to `size` numbers below `count` and the one after their last, until all are done.
  void in_parts(int count, int size, const std::function<void(int first, int end)>& part);

 private:
  Workers();

  void take_parts(const std::function<void(int)>& part, int count);
  [[noreturn]] void work();

  const int thread_count_;
  // Held by the one thread whose parts are being shared.
  std::mutex run_mutex_;
  // Guards what follows.
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(int)>* part_ = nullptr;
  int count_ = 0;
  unsigned round_ = 0;
  int running_ = 0;
  std::atomic<int> next_ = 0;
};

} // namespace tidemark
