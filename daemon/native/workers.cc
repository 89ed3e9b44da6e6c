#include "workers.h"

#include <algorithm>
#include <thread>

#include <cblas.h>

namespace tidemark {

Workers& Workers::shared() {
  static auto* workers = new Workers();
  return *workers;
}

// As many threads as OpenBLAS would use, by the processors and OPENBLAS_NUM_THREADS; it is left with one for each call.
Workers::Workers() : thread_count_(std::max(1, scipy_openblas_get_num_threads())) {
  scipy_openblas_set_num_threads(1);
  for (int index = 1; index < thread_count_; ++index) {
    std::thread([this] { work(); }).detach();
  }
}

void Workers::run(int count, const std::function<void(int)>& part) {
  const std::unique_lock<std::mutex> only_one(run_mutex_, std::try_to_lock);
  if (!only_one.owns_lock()) {
    for (int index = 0; index < count; ++index) {
      part(index);
    }
    return;
  }
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    part_ = &part;
    count_ = count;
    next_ = 0;
    ++round_;
  }
  wake_.notify_all();
  take_parts(part, count);
  std::unique_lock<std::mutex> lock(mutex_);
  // From here on no worker that wakes up late takes part.
  part_ = nullptr;
  done_.wait(lock, [this] { return running_ == 0; });
}

void Workers::in_parts(int count, int size, const std::function<void(int, int)>& part) {
  run((count + size - 1) / size, [&](int index) { part(index * size, std::min(count, (index + 1) * size)); });
}

void Workers::take_parts(const std::function<void(int)>& part, int count) {
  for (int index = next_++; index < count; index = next_++) {
    part(index);
  }
}

void Workers::work() {
  unsigned seen = 0;
  std::unique_lock<std::mutex> lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return round_ != seen; });
    seen = round_;
    if (part_ == nullptr) {
      continue;
    }
    const auto& part = *part_;
    const int count = count_;
    ++running_;
    lock.unlock();
    take_parts(part, count);
    lock.lock();
    if (--running_ == 0) {
      done_.notify_one();
    }
  }
}

} // namespace tidemark
