"""What people ask of the published snapshot."""
