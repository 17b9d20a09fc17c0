"""Reading rows: conditions, push-down, plans, pages, decoding, order and limit."""
