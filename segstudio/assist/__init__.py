"""Models that answer to clicks and boxes (the SAM family, by osam); no Qt, no torch."""
