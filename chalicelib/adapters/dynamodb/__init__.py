"""Stores on DynamoDB. `models` says what the items look like, `values` what they mean."""
