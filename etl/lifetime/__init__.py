"""What buyers are expected to order after today: BG/NBD for how often, gamma-gamma for how much. A model, no record."""
