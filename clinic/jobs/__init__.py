"""Work done in the background; each job is run(session, now)."""
