"""Remote sources that bring files into the inbox: object storage, PostgreSQL, the European Central Bank."""
