"""Read Kubernetes as plain JSON through one shared snapshot per diagnosis. Only this package imports the client."""
