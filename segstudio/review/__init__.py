"""Figures about predictions: per-image scores and reports. numpy only."""
