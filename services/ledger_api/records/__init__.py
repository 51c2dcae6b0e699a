"""What happened each day: sessions, rolls, days, duties."""
