"""The operator's door: commands above the three services; nobody imports it."""
