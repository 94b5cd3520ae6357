"""The dashboard, the API and the metrics: stored facts out, over HTTP, read only."""
