"""Holds and appointments: the journey and policy (pure), and the services that write them."""
