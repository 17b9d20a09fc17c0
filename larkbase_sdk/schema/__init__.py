"""Names and types: how the fields of a Lark table become the columns of a SQL table."""
