"""Every metric declared once, and the Prometheus, Alertmanager and Grafana files that read them."""
