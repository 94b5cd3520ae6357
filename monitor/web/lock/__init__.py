"""Who may ask: passwords, links, sessions, limits and headers."""
