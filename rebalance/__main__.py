"""`python -m rebalance`: the command line, where no script of its name is on the path."""

from rebalance.cli.main import main

if __name__ == "__main__":
    main()
