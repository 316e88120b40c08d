"""ebank-sentinel: from a failing health check to the right people standing up."""

__version__ = "0.1.0"
