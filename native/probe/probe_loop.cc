#include "probe/probe_loop.h"

#include <uv.h>

#include <future>
#include <memory>

namespace holdfast::probe {

int ProbeLoop::Start() {
  const auto started = std::make_shared<std::promise<int>>();
  std::future<int> result = started->get_future();
  const int error =
      thread_.Start([this, started](uv_loop_t* loop) { started->set_value(prober_.Start(loop)); });
  if (error != 0) return error;
  const int prober_error = result.get();
  if (prober_error != 0) Close();
  return prober_error;
}

void ProbeLoop::AddTarget(uint32_t id, const ProbeSpec& spec, const Schedule& schedule,
                          int64_t first_delay_us) {
  thread_.PostCall([this, id, spec, schedule, first_delay_us] {
    prober_.AddTarget(id, spec, schedule, first_delay_us);
  });
}

void ProbeLoop::SetSchedule(uint32_t id, const Schedule& schedule) {
  thread_.PostCall([this, id, schedule] { prober_.SetSchedule(id, schedule); });
}

void ProbeLoop::RemoveTarget(uint32_t id) {
  thread_.PostCall([this, id] { prober_.RemoveTarget(id); });
}

void ProbeLoop::Close() {
  thread_.Stop([this] { prober_.Close(); });
}

}  // namespace holdfast::probe
