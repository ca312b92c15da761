"""Two processes of the service and PostgreSQL behind nginx, as they are deployed: ``make cluster-test``."""
