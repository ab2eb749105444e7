"""What lies in a folder of the outbox: the files and their names, the report, the sheet."""
