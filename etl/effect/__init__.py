"""What a deal did to the figures of its partners: which series are compared, and how an effect is estimated."""
