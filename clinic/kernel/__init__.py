"""What every part stands on: spans, ticks, wall time, money, clock, codes, refusals. Standard library only."""
