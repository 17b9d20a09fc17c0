"""Snapshots: the tables of a base in Parquet files, read like the base itself but offline."""
