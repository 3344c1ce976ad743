"""What dev.py is made of: standard library only, Python 3.11 or newer."""
