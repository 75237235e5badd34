"""Speed, measured: each file is a program; peers run beside us in the same run."""
