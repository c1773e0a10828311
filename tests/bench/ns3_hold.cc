// SPDX-License-Identifier: GPL-3.0-or-later
// bench_hold's model on ns-3's simulator core, with its schedulers; those by lists and calendars
// are left out, which fall behind these by 10^5 pending.
#include "tests/bench/ns3_hold.h"

#include <ns3/object-factory.h>
#include <ns3/simulator.h>

extern "C" {
#include "tests/bench/bench.h"
}

namespace
{
const char *const schedulers[] = { "Map", "Heap", "PriorityQueue" }; // Map is the default
const double mean = 1e6;                                             // ns

uint64_t draws;
uint64_t left;

void Hold(uint64_t who)
{
    if (--left == 0) {
        ns3::Simulator::Stop();
    }
    const auto wait = static_cast<int64_t>(bench_exponential(&draws, mean));
    ns3::Simulator::Schedule(ns3::NanoSeconds(wait), &Hold, who);
}
} // namespace

const char *ns3_hold_scheduler(size_t i)
{
    return i < sizeof schedulers / sizeof *schedulers ? schedulers[i] : nullptr;
}

double ns3_hold_rate(size_t scheduler, uint64_t pending, uint64_t events)
{
    ns3::Simulator::SetScheduler(
        ns3::ObjectFactory(std::string("ns3::") + schedulers[scheduler] + "Scheduler"));
    draws = UINT64_C(88172645463325252);
    for (uint64_t i = 0; i < pending; i++) {
        const auto wait = static_cast<int64_t>(bench_exponential(&draws, mean));
        ns3::Simulator::Schedule(ns3::NanoSeconds(wait), &Hold, i);
    }
    left = 2 * pending + 100000; // until the queue is in its steady state
    ns3::Simulator::Run();
    left = events;
    const double begin = bench_cpu();
    ns3::Simulator::Run();
    const double took = bench_cpu() - begin;
    ns3::Simulator::Destroy();
    return static_cast<double>(events) / took / 1e6;
}
