"""Use case 1: when a round is due, what it measures, and that it is stored."""
