"""Clients that read Prometheus and Alertmanager, several of each; they take addresses, not settings."""
