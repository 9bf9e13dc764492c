"""The few questions asked in a box of their own."""
