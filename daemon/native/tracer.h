// Records the evaluation of a graph operation by operation: what each made, in which buffer, and what was active meanwhile.
//
// Each operation of the graph is wrapped in one that records, so MLX runs, donates and frees exactly as it does by itself. Buffers
// are followed by weak references to what arrays share when they share memory: these disturb nothing, and tell when it is gone.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include <napi.h>

#include "dtypes.h"
#include "mlx/array.h"
#include "mlx/memory.h"
#include "mlx/stream.h"
#include "walk.h"

namespace tidemark {

using Data = mx::array::Data;
using Clock = std::chrono::steady_clock;
using Column = std::vector<std::int64_t>;

inline std::int64_t microseconds_between(Clock::time_point from, Clock::time_point to) {
  return std::max<std::int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(to - from).count());
}

// A list of names, each once, and the place of each.
template <typename Name>
class Names {
 public:
  std::int64_t place_of(const std::string& key, const Name& name) {
    const auto [found, is_new] = places_.emplace(key, list_.size());
    if (is_new) {
      list_.push_back(name);
    }
    return found->second;
  }

  const std::vector<Name>& list() const {
    return list_;
  }

 private:
  std::unordered_map<std::string, std::int64_t> places_;
  std::vector<Name> list_;
};

inline std::string key_of(const mx::Shape& shape) {
  std::string key;
  for (const auto length : shape) {
    key += std::to_string(length) + ",";
  }
  return key;
}

struct Buffer {
  std::weak_ptr<Data> data{};
  std::string kind;
  std::int64_t bytes = 0;
  std::int64_t tensor = -1;
  // Of the weights that it was made of the largest, and that one's size.
  std::int64_t source = -1;
  std::int64_t source_bytes = 0;
  std::int64_t made_by = -1;
  std::int64_t last_read_by = -1;
  std::int64_t freed_after = -1;
  // Of numbers that the code gives, and so no reason that what was made of it and of weights is not made of weights alone.
  bool is_constant = false;

  bool is_of_weights() const {
    return kind == "weight" || kind == "from-weights";
  }
};

struct Label {
  std::int64_t layer;
  std::int64_t stage;
};

// What an operation is about to do, as far as its inputs tell.
struct Reading {
  std::size_t row;
  std::string kind = "activation";
  std::int64_t source = -1;
  std::int64_t source_bytes = 0;
  bool is_constant = true;
  // Buffers that the operation may write its result into.
  std::vector<std::size_t> donatable{};
};

class Tracer {
 public:
  // Tensors that are there before the work, by name.
  void know(const std::vector<std::string>& names, const std::vector<mx::array>& arrays, const std::string& kind) {
    if (names.size() != arrays.size()) {
      throw std::invalid_argument("there are not as many names as tensors");
    }
    for (std::size_t index = 0; index < names.size(); ++index) {
      if (arrays[index].data_shared_ptr() != nullptr && find(arrays[index]) == nullptr) {
        add_tensor(arrays[index], names[index], kind);
      }
    }
  }

  // Labels what `output` needs and nothing labeled yet. The arrays are held, so that none is mistaken for another: evaluate()
  // lets them go before anything runs.
  void label(const mx::array& output, Label label) {
    std::vector<mx::array> open{output};
    while (!open.empty()) {
      const auto a = std::move(open.back());
      open.pop_back();
      if (a.status() != mx::array::Status::unscheduled || !labels_.emplace(a.id(), label).second) {
        continue;
      }
      for (const auto& sibling : a.siblings()) {
        labels_.emplace(sibling.id(), label);
      }
      open.insert(open.end(), a.inputs().begin(), a.inputs().end());
      labeled_.push_back(a);
    }
  }

  // `self` is this tracer, which what it wraps keeps.
  void evaluate(const std::shared_ptr<Tracer>& self, std::vector<mx::array> outputs, Order order, bool queued);

  // Called as an operation is about to run: what was active until now belongs to the one before.
  Reading begin(const Label& label, const char* name, const std::vector<mx::array>& inputs);
  void end(const Reading& reading, const std::vector<mx::array>& outputs, const mx::Stream& stream);

  Napi::Value columns(Napi::Env env) const;

 private:
  Buffer* find(const mx::array& a) {
    const auto found = current_.find(a.data_shared_ptr().get());
    // Memory of what is gone may be what holds another by now.
    return found == current_.end() || buffers_[found->second].data.expired() ? nullptr : &buffers_[found->second];
  }

  std::size_t place(const Buffer* buffer) const {
    return static_cast<std::size_t>(buffer - buffers_.data());
  }

  std::size_t add(const mx::array& a, Buffer buffer) {
    const auto& data = a.data_shared_ptr();
    buffer.data = data;
    buffer.bytes = data == nullptr || data->buffer().ptr() == nullptr ? 0 : a.buffer_size();
    const auto place = buffers_.size();
    if (data != nullptr) {
      current_[data.get()] = place;
      followed_.push_back(place);
    }
    buffers_.push_back(std::move(buffer));
    return place;
  }

  std::size_t add_tensor(const mx::array& a, const std::string& name, const std::string& kind) {
    const auto dtype = dtype_place(a.dtype());
    const auto shape = shape_place(a.shape());
    const auto tensor = tensors_.place_of(
        name + " " + dtype_name(a.dtype()) + " " + key_of(a.shape()), {name, dtype, shape});
    Buffer buffer{.kind = kind, .tensor = tensor, .is_constant = kind == "input" && a.size() == 1};
    return add(a, std::move(buffer));
  }

  std::int64_t dtype_place(const mx::Dtype& dtype) {
    const auto name = dtype_name(dtype);
    return dtypes_.place_of(name, name);
  }

  std::int64_t shape_place(const mx::Shape& shape) {
    return shapes_.place_of(key_of(shape), shape);
  }

  std::size_t buffer_read(const mx::array& a) {
    auto* buffer = find(a);
    return buffer == nullptr ? add_tensor(a, "constant", "input") : place(buffer);
  }

  // Of what has gone since it was last looked for, `latest` was the last operation that it was there for.
  void look_for_gone(std::int64_t latest) {
    std::erase_if(followed_, [&](std::size_t place) {
      auto& buffer = buffers_[place];
      const auto is_gone = buffer.data.expired();
      if (is_gone && buffer.freed_after < 0) {
        buffer.freed_after = latest;
      }
      return is_gone;
    });
  }

  // Ends the row of the latest operation, where one ran.
  void close_row() {
    const auto now = Clock::now();
    const auto latest = static_cast<std::int64_t>(active_.size()) - (is_row_open_ ? 0 : 1);
    // Another thread frees: what is counted and what is gone must be of one moment.
    std::int64_t active;
    do {
      active = mx::get_active_memory();
      look_for_gone(latest);
    } while (active != static_cast<std::int64_t>(mx::get_active_memory()));
    if (is_row_open_) {
      peak_.push_back(std::max({static_cast<std::int64_t>(mx::get_peak_memory()), active, active_before_}));
      active_.push_back(active);
      microseconds_.push_back(microseconds_between(began_, now));
      is_row_open_ = false;
    }
    mx::reset_peak_memory();
    active_before_ = active;
    began_ = Clock::now();
  }

  struct Tensor {
    std::string name;
    std::int64_t dtype;
    std::int64_t shape;
  };

  std::unordered_map<std::uintptr_t, Label> labels_;
  std::vector<mx::array> labeled_;

  Names<std::string> names_;
  Names<std::string> dtypes_;
  Names<mx::Shape> shapes_;
  Names<Tensor> tensors_;

  std::vector<Buffer> buffers_;
  std::unordered_map<const Data*, std::size_t> current_;
  std::vector<std::size_t> followed_;

  Column operation_, layer_, stage_, shape_, dtype_, bytes_, buffer_, active_, peak_, microseconds_;
  bool is_row_open_ = false;
  std::int64_t active_before_ = 0;
  Clock::time_point began_;
  // When the thread that works off a CPU's queue had done each operation, where operations are queued.
  std::shared_ptr<std::vector<Clock::time_point>> done_;

  std::optional<std::int64_t> start_bytes_;
  std::int64_t unknown_bytes_ = 0;
};

} // namespace tidemark
