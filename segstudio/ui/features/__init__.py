"""One user flow, one module."""
