"""The program without a window, no Qt: state, workspace, layers, models in memory."""
