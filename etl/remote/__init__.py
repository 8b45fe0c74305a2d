"""Remote sources whose data is copied into the inbox as files: object storage, PostgreSQL, European Central Bank."""
