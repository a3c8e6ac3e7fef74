"""Read Kubernetes as plain JSON through one shared snapshot per diagnosis. Only this package imports the client."""

from intents.lean_imports import postpone

# Their own code imports the synchronous client, watches and streams; connections need the asynchronous client alone.
postpone("kubernetes", "kubernetes.aio", "kubernetes.aio.utils")
