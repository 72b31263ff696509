"""Measurements that `make bench` runs; none of them is part of the suite."""
