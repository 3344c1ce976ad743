"""`flask clinic ...`: the commands for people and machines."""
