"""Tables built day by day: which days are due, and building them."""
