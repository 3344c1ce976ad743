"""Messages owed: the outbox, their wording, and the channels that carry them."""
