"""The connector and the crawler on this machine: AWS, Lambda calls and Athena in the process."""
