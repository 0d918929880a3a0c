"""One file per network: weights in, tensors out. The only place that knows a runtime."""
