"""How fast it is, in figures with bars: `make bench`, or `python -m scripts.bench`. Speed is asserted nowhere else."""
