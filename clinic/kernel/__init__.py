"""What every part stands on: time, spans, money, codes, refusals. Standard library only."""
