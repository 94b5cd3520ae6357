"""Other programs' formats: OONI, HAR, Speedtest Tracker, SmokePing, Prometheus."""
