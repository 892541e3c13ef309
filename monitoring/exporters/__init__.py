"""What turns the database's and Redis' rows into the metrics that monitoring.metrics declares."""
