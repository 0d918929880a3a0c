"""Networks: weights in, tensors out. The only place that knows the runtime.

Weights come from installed packages that are never imported, or from files that
an institution declares; each is checked by SHA-256. Nothing here opens a connection.
"""
