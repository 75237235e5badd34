"""A rolling deploy, simulated and with real clients: `python -m benchmarks.believable`.

Why: a simulation is worth what it says of the real thing. The same timetable is played by real
consumers in processes of their own and by simulated ones; both are told as traces and measured by
the same metrics (rebalance.timeline).
"""
