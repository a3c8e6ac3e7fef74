"""Who may see what, and who may do what: one policy for answers, searches, logs and buttons alike."""
