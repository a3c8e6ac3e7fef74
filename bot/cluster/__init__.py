"""Read Kubernetes as plain JSON through one shared snapshot per diagnosis. Only this package imports the client."""

from intents.lean_imports import leave_init_out

# Their own code imports the synchronous client, watches and streams; connections need the asynchronous client alone.
leave_init_out("kubernetes", "kubernetes.aio", "kubernetes.aio.utils")
