"""Puts the Lambda functions into AWS: their packages, and the templates that create them."""
