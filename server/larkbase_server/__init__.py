"""The AWS side of larkbase: the Athena connector, the Glue crawler and their local counterparts."""
