// Records the evaluation of a graph operation by operation: what each made, in which buffer, and what was active meanwhile.
//
// Each operation of the graph is wrapped in one that records, so MLX runs, donates and frees exactly as it does by itself. Buffers
// are followed by weak references to what arrays share when they share memory: these disturb nothing, and tell when it is gone.

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

#include "call.h"
#include "mlx/backend/cpu/encoder.h"
#include "mlx/memory.h"
#include "mlx/primitives.h"
#include "mlx/scheduler.h"
#include "mlx/stream.h"
#include "mlx/transforms.h"
#include "walk.h"

namespace tidemark {

namespace {

using Data = mx::array::Data;
using Clock = std::chrono::steady_clock;
using Column = std::vector<std::int64_t>;

std::int64_t microseconds_between(Clock::time_point from, Clock::time_point to) {
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

std::string key_of(const mx::Shape& shape) {
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

  void evaluate(std::vector<mx::array> outputs, Order order, bool queued);

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

// Stands in for an operation of the graph, and records it as it runs.
class Recorder : public mx::Primitive {
 public:
  Recorder(std::shared_ptr<mx::Primitive> operation, std::shared_ptr<Tracer> tracer, Label label)
      : mx::Primitive(operation->stream()),
        operation_(std::move(operation)),
        tracer_(std::move(tracer)),
        label_(label) {}

  void eval_cpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) override {
    const auto reading = tracer_->begin(label_, name(), inputs);
    operation_->eval_cpu(inputs, outputs);
    tracer_->end(reading, outputs, stream());
  }

  void eval_gpu(const std::vector<mx::array>& inputs, std::vector<mx::array>& outputs) override {
    const auto reading = tracer_->begin(label_, name(), inputs);
    operation_->eval_gpu(inputs, outputs);
    tracer_->end(reading, outputs, stream());
  }

  const char* name() const override {
    return operation_->name();
  }

 private:
  std::shared_ptr<mx::Primitive> operation_;
  std::shared_ptr<Tracer> tracer_;
  Label label_;
};

std::shared_ptr<Tracer> tracer;

void Tracer::evaluate(std::vector<mx::array> outputs, Order order, bool queued) {
  auto tape = tape_of(outputs, order);
  for (const auto& a : tape) {
    for (const auto& input : a.inputs()) {
      if (input.status() != mx::array::Status::unscheduled) {
        buffer_read(input);
      }
    }
  }
  for (auto& a : tape) {
    const auto found = labels_.find(a.id());
    if (found == labels_.end()) {
      throw std::invalid_argument(std::string("nothing says which layer asked for ") + a.primitive().name());
    }
    const auto recorder = std::make_shared<Recorder>(a.primitive_ptr(), tracer, found->second);
    for (auto& output : a.outputs()) {
      output.primitive_ptr() = recorder;
    }
  }
  labels_.clear();
  labeled_.clear();
  mx::synchronize();
  if (!start_bytes_.has_value()) {
    start_bytes_ = mx::get_active_memory();
    unknown_bytes_ = *start_bytes_;
    for (const auto& buffer : buffers_) {
      unknown_bytes_ -= buffer.bytes;
    }
  }
  const auto first = active_.size();
  const auto started = Clock::now();
  done_ = queued ? std::make_shared<std::vector<Clock::time_point>>(first + tape.size()) : nullptr;
  close_row();
  if (queued) {
    tape.clear();
    mx::eval(std::move(outputs));
  }
  while (!tape.empty()) {
    auto a = std::move(tape.back());
    tape.pop_back();
    a.eval();
    // What a GPU is done with it gives back a little later.
    if (a.status() == mx::array::Status::available) {
      mx::synchronize();
    }
  }
  mx::synchronize();
  close_row();
  for (auto row = first; queued && row < active_.size(); ++row) {
    microseconds_[row] = microseconds_between(row == first ? started : (*done_)[row - 1], (*done_)[row]);
  }
}

Reading Tracer::begin(const Label& label, const char* name, const std::vector<mx::array>& inputs) {
  close_row();
  is_row_open_ = true;
  Reading reading{.row = active_.size()};
  bool are_of_weights = true;
  for (const auto& input : inputs) {
    const auto place = buffer_read(input);
    auto& buffer = buffers_[place];
    if (input.is_donatable()) {
      reading.donatable.push_back(place);
    } else {
      buffer.last_read_by = static_cast<std::int64_t>(reading.row);
    }
    are_of_weights = are_of_weights && (buffer.is_of_weights() || buffer.is_constant);
    reading.is_constant = reading.is_constant && buffer.is_constant;
    const auto source = buffer.kind == "weight" ? buffer.tensor : buffer.source;
    const auto source_bytes = buffer.kind == "weight" ? buffer.bytes : buffer.source_bytes;
    if (source >= 0 && source_bytes > reading.source_bytes) {
      reading.source = source;
      reading.source_bytes = source_bytes;
    }
  }
  if (are_of_weights && reading.source >= 0) {
    reading.kind = "from-weights";
  } else {
    reading.source = -1;
    reading.source_bytes = 0;
  }
  operation_.push_back(names_.place_of(name, name));
  layer_.push_back(label.layer);
  stage_.push_back(label.stage);
  return reading;
}

void Tracer::end(const Reading& reading, const std::vector<mx::array>& outputs, const mx::Stream& stream) {
  const auto row = static_cast<std::int64_t>(reading.row);
  const Buffer made{
      .kind = reading.kind,
      .source = reading.source,
      .source_bytes = reading.source_bytes,
      .made_by = row,
      .is_constant = reading.is_constant};
  std::int64_t bytes = 0;
  std::optional<std::size_t> result;
  std::vector<std::size_t> written;
  for (const auto& output : outputs) {
    bytes += static_cast<std::int64_t>(output.nbytes());
    auto* held = output.data_shared_ptr() == nullptr ? nullptr : find(output);
    std::size_t place;
    if (held == nullptr) {
      place = add(output, made);
    } else {
      place = this->place(held);
      const auto& donatable = reading.donatable;
      // A buffer of another kind that was written into is another from here on.
      if (held->kind != reading.kind && held->made_by != row &&
          std::find(donatable.begin(), donatable.end(), place) != donatable.end()) {
        held->freed_after = row - 1;
        place = add(output, made);
      }
    }
    written.push_back(place);
    result = result.value_or(place);
  }
  for (const auto place : reading.donatable) {
    if (buffers_[place].freed_after < 0) {
      buffers_[place].last_read_by = row;
    }
  }
  // What the operation keeps beside its inputs and outputs until it is done.
  if (stream.device == mx::Device::cpu) {
    for (const auto& room : mx::cpu::get_command_encoder(stream).temporaries()) {
      if (room.data_shared_ptr() != nullptr && find(room) == nullptr) {
        add(room, Buffer{.kind = "temporary", .made_by = row});
      }
    }
  }
  bytes_.push_back(bytes);
  shape_.push_back(shape_place(outputs.front().shape()));
  dtype_.push_back(dtype_place(outputs.front().dtype()));
  buffer_.push_back(static_cast<std::int64_t>(*result));
  if (done_ != nullptr) {
    mx::scheduler::enqueue(stream, [done = done_, row] { (*done)[row] = Clock::now(); });
  }
}

template <typename Value, typename Rows, typename Read>
Napi::Value list_of(Napi::Env env, const Rows& rows, Read read) {
  std::vector<Value> list;
  list.reserve(rows.size());
  for (const auto& row : rows) {
    list.push_back(read(row));
  }
  return to_result(env, list);
}

Napi::Value Tracer::columns(Napi::Env env) const {
  auto names = Napi::Object::New(env);
  names.Set("operations", to_result(env, names_.list()));
  names.Set("dtypes", to_result(env, dtypes_.list()));
  names.Set("shapes", to_result(env, shapes_.list()));
  const auto& tensors = tensors_.list();
  names.Set("tensors", list_of<std::string>(env, tensors, [](const Tensor& each) { return each.name; }));
  names.Set("tensorDtypes", list_of<std::int64_t>(env, tensors, [](const Tensor& each) { return each.dtype; }));
  names.Set("tensorShapes", list_of<std::int64_t>(env, tensors, [](const Tensor& each) { return each.shape; }));

  auto operations = Napi::Object::New(env);
  const std::pair<const char*, const Column*> columns[] = {
      {"operation", &operation_}, {"layer", &layer_},         {"stage", &stage_},    {"shape", &shape_},
      {"dtype", &dtype_},         {"bytes", &bytes_},         {"buffer", &buffer_},  {"activeBytes", &active_},
      {"peakBytes", &peak_},      {"microseconds", &microseconds_}};
  for (const auto& [name, column] : columns) {
    operations.Set(name, to_result(env, *column));
  }

  auto buffers = Napi::Object::New(env);
  buffers.Set("kind", list_of<std::string>(env, buffers_, [](const Buffer& each) { return each.kind; }));
  const std::pair<const char*, std::int64_t Buffer::*> figures[] = {
      {"bytes", &Buffer::bytes},      {"tensor", &Buffer::tensor},
      {"source", &Buffer::source},    {"madeBy", &Buffer::made_by},
      {"lastReadBy", &Buffer::last_read_by}, {"freedAfter", &Buffer::freed_after}};
  for (const auto& [name, figure] : figures) {
    buffers.Set(name, list_of<std::int64_t>(env, buffers_, [figure](const Buffer& each) { return each.*figure; }));
  }

  auto trace = Napi::Object::New(env);
  trace.Set("startBytes", to_result(env, start_bytes_.value_or(0)));
  trace.Set("unknownBytes", to_result(env, unknown_bytes_));
  trace.Set("names", names);
  trace.Set("operations", operations);
  trace.Set("buffers", buffers);
  return trace;
}

Tracer& current_tracer() {
  if (tracer == nullptr) {
    throw std::invalid_argument("nothing is traced");
  }
  return *tracer;
}

void begin_trace() {
  if (tracer != nullptr) {
    throw std::invalid_argument("a trace is being taken already");
  }
  tracer = std::make_shared<Tracer>();
}

void know_tensors(std::vector<std::string> names, std::vector<mx::array> arrays, std::string kind) {
  current_tracer().know(names, arrays, kind);
}

void label_graph(mx::array output, int layer, int stage) {
  current_tracer().label(output, {layer, stage});
}

void evaluate_traced(std::vector<mx::array> outputs, std::string order, bool queued) {
  current_tracer().evaluate(std::move(outputs), order_from_name(order), queued);
}

Napi::Value read_trace(Napi::Env env) {
  return current_tracer().columns(env);
}

// The operations that were not evaluated keep what they need of it.
void end_trace() {
  tracer = nullptr;
}

} // namespace

const Table tables::trace = {
    {"beginTrace", call<begin_trace>},
    {"knowTensors", call<know_tensors>},
    {"labelGraph", call<label_graph>},
    {"evaluateTraced", call<evaluate_traced>},
    {"readTrace", call<read_trace>},
    {"endTrace", call<end_trace>},
};

} // namespace tidemark
