"""The hand-kept figures of data/reference: read strictly, checked row by row, loaded."""
