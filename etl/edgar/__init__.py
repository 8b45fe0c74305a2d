"""SEC EDGAR: its filings, the stored bodies and the facts in them."""
