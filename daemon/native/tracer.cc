#include "tracer.h"

#include "mlx/backend/cpu/encoder.h"
#include "mlx/primitives.h"
#include "mlx/scheduler.h"
#include "mlx/transforms.h"

namespace tidemark {

namespace {

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

} // namespace

void Tracer::evaluate(
    const std::shared_ptr<Tracer>& self, std::vector<mx::array> outputs, Order order, bool queued) {
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
    const auto recorder = std::make_shared<Recorder>(a.primitive_ptr(), self, found->second);
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

} // namespace tidemark
