"""The interceptors on a service that is not ours: it imports `interceptors` and nothing else."""
