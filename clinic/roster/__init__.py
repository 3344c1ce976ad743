"""Where and when: sites, therapists, rooms, hours, time off, the diary; availability (pure)."""
