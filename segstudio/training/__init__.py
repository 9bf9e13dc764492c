"""Training and prediction: networks, losses, the training loop, checkpoints. Uses torch, no Qt."""
