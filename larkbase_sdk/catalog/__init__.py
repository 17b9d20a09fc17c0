"""Where databases and tables are found; every flow speaks the same small protocol."""
