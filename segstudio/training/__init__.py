"""Learning: models, losses, the engine, prediction. torch, no Qt."""
