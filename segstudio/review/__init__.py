"""Evaluation of predictions: metrics per image and reports. numpy only."""
