// Walks a graph in an order of evaluation, and evaluates it in that order.

#include "walk.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <stack>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "call.h"
#include "mlx/primitives.h"
#include "mlx/transforms.h"

namespace tidemark {

namespace {

bool is_waiting(const mx::array& a) {
  return a.status() == mx::array::Status::unscheduled;
}

// How many inputs each array of the graph is, an array's siblings counted as the array itself.
std::unordered_map<std::uintptr_t, std::size_t> degrees_of(const std::vector<mx::array>& outputs) {
  std::unordered_map<std::uintptr_t, std::size_t> degrees;
  std::vector<mx::array> open;
  const auto meet = [&](const mx::array& a) {
    if (!is_waiting(a)) {
      return;
    }
    if (!a.has_primitive()) {
      throw std::invalid_argument("an array of the graph has no operation that could make it");
    }
    if (++degrees[a.id()] == 1) {
      open.push_back(a);
    }
    for (const auto& sibling : a.siblings()) {
      ++degrees[sibling.id()];
    }
  };
  std::for_each(outputs.begin(), outputs.end(), meet);
  while (!open.empty()) {
    const auto a = std::move(open.back());
    open.pop_back();
    std::for_each(a.inputs().begin(), a.inputs().end(), meet);
  }
  return degrees;
}

// As MLX reads it, once, from a variable whose reader it does not export.
std::size_t maximum_width() {
  static const auto width = [] {
    const auto* set = std::getenv("MLX_BFS_MAX_WIDTH");
    return static_cast<std::size_t>(set == nullptr ? 20 : std::atoi(set));
  }();
  return width;
}

// MLX 0.32's `eval_impl` makes its tape so, from the end of the graph. Whether that is so, orderByMlx tells.
std::vector<mx::array> breadth_first(const std::vector<mx::array>& outputs) {
  auto degrees = degrees_of(outputs);
  const auto width = maximum_width();
  // The inputs are the outputs at first, as those of MLX's own last operation are.
  struct Level {
    const std::vector<mx::array>* inputs;
    std::size_t next;
  };
  std::deque<mx::array> tape;
  std::stack<Level> postponed;
  std::size_t begun = 0;
  Level level{&outputs, 0};
  while (true) {
    for (; level.next < level.inputs->size(); ++level.next) {
      const auto& input = (*level.inputs)[level.next];
      if (!is_waiting(input)) {
        continue;
      }
      if (tape.size() - begun >= width) {
        postponed.push(level);
        break;
      }
      for (const auto& sibling : input.siblings()) {
        --degrees[sibling.id()];
      }
      if (--degrees[input.id()] == 0) {
        tape.push_back(input);
      }
    }
    if (begun < tape.size()) {
      level = {&tape[begun++].inputs(), 0};
    } else if (!postponed.empty()) {
      level = postponed.top();
      postponed.pop();
    } else {
      break;
    }
  }
  return {std::make_move_iterator(tape.begin()), std::make_move_iterator(tape.end())};
}

std::vector<mx::array> depth_first(const std::vector<mx::array>& outputs) {
  std::vector<mx::array> done;
  std::unordered_set<std::uintptr_t> met;
  std::vector<std::pair<mx::array, std::size_t>> open;
  const auto meet = [&](const mx::array& a) {
    if (!is_waiting(a) || !met.insert(a.id()).second) {
      return;
    }
    if (!a.has_primitive()) {
      throw std::invalid_argument("an array of the graph has no operation that could make it");
    }
    for (const auto& sibling : a.siblings()) {
      met.insert(sibling.id());
    }
    open.emplace_back(a, 0);
  };
  for (const auto& output : outputs) {
    meet(output);
    while (!open.empty()) {
      auto& [a, next] = open.back();
      if (next < a.inputs().size()) {
        // The reference is not read again: meeting may move what it refers to.
        meet(a.inputs()[next++]);
      } else {
        done.push_back(std::move(a));
        open.pop_back();
      }
    }
  }
  std::reverse(done.begin(), done.end());
  return done;
}

// Of the next `count` arrays, or of fewer that together have `bytes`, those that no other of them reads: to evaluate them
// evaluates the others too.
std::vector<mx::array> take_step(std::vector<mx::array>& tape, std::size_t count, std::size_t bytes) {
  std::vector<mx::array> step;
  std::unordered_set<std::uintptr_t> read;
  for (std::size_t taken = 0; count > 0 && taken < bytes && !tape.empty(); --count) {
    step.push_back(std::move(tape.back()));
    tape.pop_back();
    taken += step.back().nbytes();
    for (const auto& input : step.back().inputs()) {
      read.insert(input.id());
      for (const auto& sibling : input.siblings()) {
        read.insert(sibling.id());
      }
    }
  }
  std::erase_if(step, [&](const mx::array& a) { return read.contains(a.id()); });
  return step;
}

// `Event::wait` itself is not exported: an array that stands for what the event tells is waited for.
void wait_for(const mx::Event& event) {
  mx::array told(false);
  told.attach_event(event);
  told.set_status(mx::array::Status::evaluated);
  told.wait();
}

// Evaluates in steps of `size` operations, shorter where their results have `bytes`. At most two are queued at a time: within a
// step the order is MLX's own. In steps of one operation each is waited for, and nothing but the order decides what is alive.
void evaluate_in_steps(std::vector<mx::array> outputs, std::string order, std::size_t size, std::size_t bytes) {
  if (size == 0 || bytes == 0) {
    throw std::invalid_argument("a step has at least one operation");
  }
  auto tape = tape_of(outputs, order_from_name(order));
  std::optional<mx::Event> before;
  while (!tape.empty()) {
    auto step = take_step(tape, size, bytes);
    if (size == 1) {
      step.front().eval();
      continue;
    }
    const auto last = step.back();
    mx::async_eval(std::move(step));
    if (before.has_value()) {
      wait_for(*before);
    }
    before = last.event();
  }
  mx::eval(std::move(outputs));
}

// Stands in for an operation and writes down when MLX ran it.
class Witness : public mx::Primitive {
 public:
  Witness(std::shared_ptr<mx::Primitive> operation, std::shared_ptr<std::vector<std::size_t>> ran, std::size_t position)
      : mx::Primitive(operation->stream()),
        operation_(std::move(operation)),
        ran_(std::move(ran)),
        position_(position) {}

  void eval_cpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) override {
    ran_->push_back(position_);
    operation_->eval_cpu(inputs, outputs);
  }

  void eval_gpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) override {
    ran_->push_back(position_);
    operation_->eval_gpu(inputs, outputs);
  }

  const char* name() const override {
    return operation_->name();
  }

 private:
  std::shared_ptr<mx::Primitive> operation_;
  std::shared_ptr<std::vector<std::size_t>> ran_;
  std::size_t position_;
};

// Evaluates as `mx::eval` does, and tells in which order it took the operations, each as its position in the tape of `order`:
// 0, 1, 2 and so on where the two are the same.
std::vector<std::size_t> order_by_mlx(std::vector<mx::array> outputs, std::string order) {
  const auto ran = std::make_shared<std::vector<std::size_t>>();
  {
    auto tape = tape_of(outputs, order_from_name(order));
    for (std::size_t position = 0; !tape.empty(); ++position) {
      const auto witness = std::make_shared<Witness>(tape.back().primitive_ptr(), ran, position);
      for (auto& a : tape.back().outputs()) {
        a.primitive_ptr() = witness;
      }
      tape.pop_back();
    }
  }
  mx::eval(std::move(outputs));
  return *ran;
}

} // namespace

Order order_from_name(const std::string& name) {
  if (name == "mlx") {
    return Order::mlx;
  }
  if (name == "depth-first") {
    return Order::depth_first;
  }
  throw std::invalid_argument("unknown order of evaluation " + name);
}

std::vector<mx::array> tape_of(const std::vector<mx::array>& outputs, Order order) {
  return order == Order::mlx ? breadth_first(outputs) : depth_first(outputs);
}

const Table tables::walk = {
    {"evaluateInSteps", call<evaluate_in_steps>},
    {"orderByMlx", call<order_by_mlx>},
};

} // namespace tidemark
