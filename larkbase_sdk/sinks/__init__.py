"""What becomes of the batches of a scan: files, DataFrames, expanded links."""
