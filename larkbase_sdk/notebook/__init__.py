"""Jupyter: the magic, the explorer, and what they show."""
