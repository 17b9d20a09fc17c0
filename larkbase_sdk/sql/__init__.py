"""SQL in this process: DuckDB over Lark tables, local files and local frames."""
