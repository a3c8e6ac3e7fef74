"""Kubernetes as Casebook reads it: plain JSON, one shared snapshot per diagnosis. The only importer of the client."""
