"""The version of the distribution, read by the build and by user agents."""

__version__ = "0.1.0"
