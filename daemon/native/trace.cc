// A trace of operations for JavaScript: it is begun, told what is what, taken, and read in columns.

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "call.h"
#include "tracer.h"

namespace tidemark {

namespace {

std::shared_ptr<Tracer> tracer;

template <typename Value, typename Rows, typename Read>
Napi::Value list_of(Napi::Env env, const Rows& rows, Read read) {
  std::vector<Value> list;
  list.reserve(rows.size());
  for (const auto& row : rows) {
    list.push_back(read(row));
  }
  return to_result(env, list);
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
  current_tracer().evaluate(tracer, std::move(outputs), order_from_name(order), queued);
}

Napi::Value read_trace(Napi::Env env) {
  return current_tracer().columns(env);
}

// The operations that were not evaluated keep what they need of it.
void end_trace() {
  tracer = nullptr;
}

} // namespace

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

const Table tables::trace = {
    {"beginTrace", call<begin_trace>},
    {"knowTensors", call<know_tensors>},
    {"labelGraph", call<label_graph>},
    {"evaluateTraced", call<evaluate_traced>},
    {"readTrace", call<read_trace>},
    {"endTrace", call<end_trace>},
};

} // namespace tidemark
