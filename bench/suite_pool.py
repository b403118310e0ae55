# Part of Troupe; see LICENSE.
"""The suite `pool`: the works, who does them with which settings, and the goals of the core."""

from harness import QUICK, Case, Goal, Suite, Work

# The window at which ZeroMQ and Boost do best. CAF looks through its outstanding
# requests one by one, so it gets the small window at which it does best.
WINDOW = 4096
CAF_WINDOW = 64
BLOB_WINDOW = 8
IDLE_NS = 1_000_000

WORKS = [
    Work("submit", "rate", "tasks/s",
         f"noop u64 -> u64 + 1, submitted singly by one thread, 2 workers, {WINDOW} outstanding "
         f"(caf {CAF_WINDOW}); troupe, caf, mp.Pool, executor: a future each"),
    Work("submit_cpu", "cpu_us", "us", "the same runs: CPU per task, user and system, all processes",
         source="submit"),
    Work("map", "rate", "items/s", "noop over a list of u64, 2 workers, each with its own chunks"),
    Work("roundtrip", "p50_us", "us", "one noop at a time, back to back, 2 workers, p50"),
    Work("idle_roundtrip", "p50_us", "us", "one noop at a time after 1 ms of sleep, 2 workers, p50"),
    Work("copied", "gib_s", "GiB/s",
         f"1 MiB blobs from 8 buffers of the host, summed in 2 workers, {BLOB_WINDOW} outstanding"),
    Work("produced", "gib_s", "GiB/s", "the same, each blob filled by the host in a buffer of the pool"),
    Work("loaned", "gib_s", "GiB/s", "the same, each blob already lies in a buffer of the pool"),
    Work("uneven", "seconds", "s",
         "lognormal tasks of 20 us .. 5 ms busy work, 2 workers; ring: the same sum cut in halves"),
    Work("cost_tasks_1e4", "us_per_task", "us", "troupe submit: 10^4 tasks, median of 50 runs"),
    Work("cost_tasks_1e7", "us_per_task", "us", "troupe submit: 10^7 tasks"),
    Work("cost_workers_64", "us_per_task", "us", "troupe submit with 64 workers"),
    Work("cost_workers_2", "us_per_task", "us", "troupe submit with 2 workers"),
    Work("cost_submitters_4", "us_per_task", "us", "troupe submit by 4 threads, one window shared"),
    Work("cost_submitters_1", "us_per_task", "us", "troupe submit by 1 thread"),
    Work("wakes", "wakes_per_task", "", "troupe submit: futex wakes and eventfd writes per task",
         source="submit"),
]


def submit_cases(scale):
    def case(peer, tasks, **more):
        args = {"tasks": max(10, int(tasks * scale)), "window": WINDOW, **more}
        return Case(peer, "submit", "submit", args)
    return [case("troupe", 3_000_000), case("ring", 3_000_000), case("zeromq", 1_000_000),
            case("boost", 1_000_000), case("pipe", 1_000_000), case("caf", 500_000, window=CAF_WINDOW),
            case("mp.Pool", 20_000), case("executor", 8_000)]


def latency_cases(scale):
    cases = []
    for work, tasks, idle_ns in (("roundtrip", 4000, 0), ("idle_roundtrip", 400, IDLE_NS)):
        for peer in ("troupe", "ring", "zeromq", "boost", "pipe", "caf", "mp.Pool", "executor"):
            args = {"tasks": max(100, int(tasks * scale)), "idle_ns": idle_ns}
            cases.append(Case(peer, work, work, args))
    return cases


def bulk_cases(scale):
    def blobs(peer, work, tasks):
        return Case(peer, work, work, {"tasks": max(10, int(tasks * scale)), "window": BLOB_WINDOW})
    uneven = {"tasks": max(20, int(2000 * scale))}
    items = int(2_000_000 * scale)
    return [Case("troupe", "map", "map", {"tasks": items, "repeat": 10}),
            Case("mp.Pool", "map", "map", {"tasks": items}),
            blobs("troupe", "copied", 4000), blobs("ring", "copied", 4000),
            blobs("boost", "copied", 4000), blobs("zeromq", "copied", 2000),
            blobs("troupe", "produced", 4000), blobs("ring", "produced", 4000),
            blobs("troupe", "loaned", 8000), blobs("ring", "loaned", 8000),
            Case("troupe", "uneven", "uneven", uneven), Case("ring", "uneven", "uneven", uneven)]


def cost_cases(scale):
    def cost(name, **args):
        return Case("troupe", name, "submit", {"window": WINDOW, **args})
    tasks = int(2_000_000 * scale)
    most = 10_000_000 if scale >= QUICK else 100_000
    return [cost("cost_tasks_1e4", tasks=10_000, repeat=max(3, int(50 * scale))),
            cost("cost_tasks_1e7", tasks=most),
            cost("cost_workers_64", tasks=tasks, workers=64), cost("cost_workers_2", tasks=tasks),
            cost("cost_submitters_4", tasks=tasks, submitters=4), cost("cost_submitters_1", tasks=tasks)]


def cases(scale):
    return submit_cases(scale) + latency_cases(scale) + bulk_cases(scale) + cost_cases(scale)


def versus(peer, work, metric, mine=None):
    """Troupe's value divided by the peer's, from one round."""
    return lambda found: found("troupe", mine or work, metric) / found(peer, work, metric)


def costs(this, that):
    return lambda found: found("troupe", this, "us_per_task") / found("troupe", that, "us_per_task")


GOALS = [
    Goal("submit_vs_zeromq", ">=2", versus("zeromq", "submit", "rate")),
    Goal("submit_cpu_vs_zeromq", "<=1", versus("zeromq", "submit", "cpu_us")),
    Goal("submit_vs_apply_async", ">=300", versus("mp.Pool", "submit", "rate")),
    Goal("submit_vs_executor", ">=800", versus("executor", "submit", "rate")),
    Goal("submit_vs_caf", ">=5", versus("caf", "submit", "rate")),
    Goal("map_vs_pool_map", ">=20", versus("mp.Pool", "map", "rate")),
    Goal("roundtrip_vs_zeromq", "<=0.02", versus("zeromq", "roundtrip", "p50_us")),
    Goal("idle_roundtrip_vs_zeromq", "<=0.143", versus("zeromq", "idle_roundtrip", "p50_us")),
    Goal("copied_vs_boost", ">=1.6", versus("boost", "copied", "gib_s")),
    # One thread's memcpy is the limit, and the bare ring of the same run shows it; ZeroMQ's number
    # stands beside it in the table.
    Goal("copied_vs_ring", ">=0.9", versus("ring", "copied", "gib_s")),
    Goal("loaned_vs_boost", ">=3", versus("boost", "copied", "gib_s", mine="loaned")),
    Goal("uneven_efficiency", ">=0.92",
         lambda found: found("ring", "uneven", "seconds") / found("troupe", "uneven", "seconds")),
    Goal("wakes_per_task", "<=0.05", lambda found: found("troupe", "submit", "wakes_per_task")),
    Goal("task_cost_1e7_vs_1e4", "<=1.3", costs("cost_tasks_1e7", "cost_tasks_1e4")),
    Goal("cost_64_workers_vs_2", "<=1.5", costs("cost_workers_64", "cost_workers_2")),
    Goal("cost_4_submitters_vs_1", "<=1.5", costs("cost_submitters_4", "cost_submitters_1")),
    Goal("include_seconds", "<=1", lambda found: found("compiler", "include", "seconds")),
]

SUITE = Suite("pool", "tasks through a pool of processes", "troupe/pool.hpp", WORKS, cases, GOALS)
