"""Data that other administrations hold, asked for with the citizen's FranceConnect token."""
