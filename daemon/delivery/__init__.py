"""What lies in a folder of the outbox.

`files` names the files and knows all their endings, `report` is what a film was made of, and
`sheet` draws a finished film on one picture. Import these three modules.
"""
