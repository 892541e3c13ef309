"""What can go wrong with one server that watches us."""


class MonitoringError(Exception):
    """A Prometheus or an Alertmanager did not give what was asked for, or not what its API promises.

    The words say why, without a subject where the caller knows which server it asked; none holds a password.
    """
