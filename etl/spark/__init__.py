"""Apache Spark through Spark Connect: portable models as Spark runs them, and a small cluster for trying."""
