"""How files of known exporters become rows of a contract: profiles are data, and this package reads them."""
