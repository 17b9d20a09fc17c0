"""The connector and the crawler on this machine: AWS, Lambda calls and Athena in the process.

- ``workbench.open_local_athena``: everything that a local Athena needs, started and ended.
- ``lambda_endpoint``: Lambda's invoke API on loopback; ``lambda_function`` runs a handler as
  Lambda does, ``functions`` are this project's own.
- ``query.LocalAthena``: a statement in, rows and figures out. ``athena_queries`` starts it at the
  Athena endpoint; ``statement`` and ``push_down`` take it apart; ``trino_dialect`` and
  ``trino_functions`` turn it into DuckDB's SQL, which ``duck`` runs; ``utility`` is SHOW and
  DESCRIBE.
- ``federated_view`` is a table to DuckDB, ``table_scan`` the messages behind it,
  ``federation_client`` one message, ``spilled`` a block from S3; ``strict_reading`` refuses what
  Athena could not read, ``function_errors`` are the errors of functions.
- ``conditions`` reads conditions as ``domains``, ``pushed_constraints`` writes these as value sets.
- ``validator``: all that Athena asks, with every answer checked.
- ``aws_emulator``: moto with its gaps filled (modules ``aws_*``).
"""
