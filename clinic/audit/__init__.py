"""Who did or read what: an append-only ledger."""
