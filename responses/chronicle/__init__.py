"""How an incident channel is told, whatever the surface: facts in, pieces of a line out."""
