"""A dask cluster of two worker processes on this machine, and a campaign that plays on it."""

from distributed import LocalCluster

from rebalance.cli.main import run


def main() -> int:
    """Exit code of `rebalance fuzz` on the cluster; what it prints goes to standard output."""
    with LocalCluster(
        n_workers=2,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
    ) as cluster:
        address = cluster.scheduler_address
        return run(["fuzz", "--seeds", "20", "--scheduler", address, "--workers", "2", "--json"])


if __name__ == "__main__":
    raise SystemExit(main())
