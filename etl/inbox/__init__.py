"""Files that teams deliver: recognised, checked against a contract, loaded, merged with earlier rows."""
