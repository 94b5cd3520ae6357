"""Questions about evenings and episodes, answered from what is stored."""
