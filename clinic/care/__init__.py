"""What the therapist minds: the session sheet."""
