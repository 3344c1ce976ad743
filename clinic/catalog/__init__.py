"""What the clinic offers: techniques, offerings with options and prices, and the recommendation (pure)."""
